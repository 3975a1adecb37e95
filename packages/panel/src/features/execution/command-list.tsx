import type { Facts } from '@airlock/protocol/facts';
import { Revealed } from '../../ui/revealed.tsx';

const mostShown = 8;

/** Commands that begin like `text` does, while it is the name of one that is being typed. */
function matching(commands: Facts['commands'], text: string): Facts['commands'] {
  if (!/^\/\S*$/.test(text)) return [];
  const typed = text.slice(1).toLowerCase();
  return commands.filter(({ name }) => name.toLowerCase().startsWith(typed) && name !== typed).slice(0, mostShown);
}

interface CommandListProps {
  commands: Facts['commands'];
  text: string;
  onChoose: (text: string) => void;
}

/** Claude's slash commands, offered to whoever begins to type one. */
export function CommandList({ commands, text, onChoose }: CommandListProps) {
  const found = matching(commands, text);
  if (found.length === 0) return null;
  return (
    <ul
      aria-label="Commands"
      data-testid="command-list"
      className="rounded-lg border border-line bg-surface p-1 text-sm"
    >
      {found.map(({ name, about, hint }) => (
        <li key={name}>
          <button
            type="button"
            className="flex min-h-9 w-full items-baseline gap-3 rounded-md px-2.5 py-1.5 text-left hover:bg-sunken"
            onClick={() => onChoose(`/${name} `)}
          >
            <code className="shrink-0 font-mono text-[0.83rem]">
              <Revealed text={`/${[name, hint].filter(Boolean).join(' ')}`} />
            </code>
            <span className="min-w-0 truncate text-ink-soft">
              <Revealed text={about} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
