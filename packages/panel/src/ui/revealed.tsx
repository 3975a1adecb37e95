import { type Revealed as Part, reveal } from '@airlock/protocol/reveal';
import { memo } from 'react';

interface RevealedProps {
  text: string;
  /** Characters strictly in the order they are stored, also those of scripts written from right to left. */
  exact?: boolean;
}

/** Text with every invisible or reordering character made visible, for whoever has to trust what it says. */
export const Revealed = memo(function Revealed({ text, exact = false }: RevealedProps) {
  const Isolated = exact ? 'bdo' : 'bdi';
  return (
    <Isolated dir={exact ? 'ltr' : 'auto'}>
      {positioned(reveal(text)).map(({ part, at }) =>
        part.hidden ? (
          <mark
            key={at}
            title="A character that would not be seen"
            className="mx-px rounded bg-red-soft px-0.5 font-mono text-[0.9em] font-semibold text-red"
          >
            {part.text}
          </mark>
        ) : (
          <span key={at}>{part.text}</span>
        ),
      )}
    </Isolated>
  );
});

function positioned(parts: Part[]): { part: Part; at: number }[] {
  let at = 0;
  return parts.map((part) => {
    const place = { part, at };
    at += part.text.length;
    return place;
  });
}
