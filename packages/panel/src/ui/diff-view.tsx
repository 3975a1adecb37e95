import { diffLines } from 'diff';
import { Revealed } from './revealed.tsx';

interface DiffViewProps {
  before: string;
  after: string;
  label?: string;
}

/** Lines around a change that are shown with it. */
const context = 3;

const marks = { same: ' ', added: '+', removed: '-' } as const;
const looks = { same: 'text-ink-soft', added: 'bg-green-soft text-green', removed: 'bg-red-soft text-red' } as const;

/** What differs between two texts, line by line, invisible characters shown. */
export function DiffView({ before, after, label }: DiffViewProps) {
  return <DiffLines lines={linesOf(before, after)} {...(label === undefined ? {} : { label })} />;
}

/** Lines of a difference that was found already, in the form of `diff -u`. */
export function UnifiedDiff({ diff }: { diff: string }) {
  return <DiffLines lines={unifiedLines(diff)} />;
}

function DiffLines({ lines, label }: { lines: readonly Line[]; label?: string }) {
  return (
    <figure className="min-w-0" data-testid="diff">
      {label && <figcaption className="mb-1 text-[0.8rem] font-medium text-ink-faint">{label}</figcaption>}
      <pre className="code-block whitespace-pre-wrap [overflow-wrap:anywhere]">
        {lines.map(({ kind, text, at }) =>
          kind === 'gap' ? (
            <span key={at} className="block text-ink-soft italic">
              {text}
            </span>
          ) : (
            <span key={at} className={`block ${looks[kind]}`} data-kind={kind}>
              <span aria-hidden="true">{marks[kind]} </span>
              <span className="sr-only">{kind === 'same' ? '' : `${kind}: `}</span>
              <Revealed text={text} exact />
            </span>
          ),
        )}
      </pre>
    </figure>
  );
}

interface Line {
  kind: keyof typeof marks | 'gap';
  text: string;
  /** Its place among the lines. */
  at: number;
}

function linesOf(before: string, after: string): Line[] {
  const all = diffLines(before, after).flatMap(({ value, added, removed }) => {
    const kind = added ? ('added' as const) : removed ? ('removed' as const) : ('same' as const);
    return value
      .replace(/\n$/, '')
      .split('\n')
      .map((text) => ({ kind, text }));
  });
  const isNear = (place: number) =>
    all.slice(Math.max(0, place - context), place + context + 1).some(({ kind }) => kind !== 'same');
  const lines: Line[] = [];
  let left = 0;
  all.forEach((line, at) => {
    if (isNear(at)) {
      if (left > 0) lines.push(gap(left, at - 0.5));
      left = 0;
      lines.push({ ...line, at });
    } else left += 1;
  });
  return left > 0 ? [...lines, gap(left, all.length)] : lines;
}

const kinds: Readonly<Record<string, Line['kind']>> = { '+': 'added', '-': 'removed', ' ': 'same' };

function unifiedLines(diff: string): Line[] {
  return diff.split('\n').map((line, at) => {
    const kind = kinds[line[0] ?? ''];
    if (kind !== undefined) return { kind, text: line.slice(1), at };
    const [, place] = /^@@ -\d+,\d+ \+(\d+),/.exec(line) ?? [];
    return { kind: 'gap', text: place === undefined ? line.replace(/^\\ /, '') : `Line ${place}`, at };
  });
}

function gap(lines: number, at: number): Line {
  return { kind: 'gap', text: `… ${lines} ${lines === 1 ? 'line' : 'lines'} the same`, at };
}
