import { useState } from 'react';
import { Revealed } from './revealed.tsx';

interface CodeBlockProps {
  text: string;
  label?: string;
  /** Lines shown at first; what is left out is always said. */
  lines?: number;
}

/** Text exactly as it is: wrapped so that nothing hides past the edge, invisible characters shown. */
export function CodeBlock({ text, label, lines = 30 }: CodeBlockProps) {
  const [all, setAll] = useState(false);
  const { shown, hidden } = clip(text, all ? Number.POSITIVE_INFINITY : lines);
  return (
    <figure className="min-w-0">
      {label && <figcaption className="mb-1 text-[0.8rem] font-medium text-ink-faint">{label}</figcaption>}
      <pre className="code-block whitespace-pre-wrap [overflow-wrap:anywhere]">
        <code>
          <Revealed text={shown} exact />
        </code>
      </pre>
      {hidden > 0 && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="mt-1 rounded px-1 text-sm font-semibold text-amber underline underline-offset-2"
        >
          {hidden} more {hidden === 1 ? 'line' : 'lines'} not shown. Show everything
        </button>
      )}
    </figure>
  );
}

/** A line of the screen holds some 100 characters, so a long line counts as several. */
const charactersPerLine = 100;

function clip(text: string, most: number): { shown: string; hidden: number } {
  let used = 0;
  const lines = text.split('\n');
  const end = lines.findIndex((line) => {
    used += Math.max(1, Math.ceil(line.length / charactersPerLine));
    return used > most;
  });
  if (end === -1) return { shown: text, hidden: 0 };
  if (end === 0) return { shown: (lines[0] ?? '').slice(0, most * charactersPerLine), hidden: lines.length };
  return { shown: lines.slice(0, end).join('\n'), hidden: lines.length - end };
}
