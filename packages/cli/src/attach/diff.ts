import { diffLines } from 'diff';
import { revealed } from '../plain.ts';

/** Lines around a change that are shown with it. */
const context = 3;

/** What differs between two texts, line by line: `- ` taken away, `+ ` put there; what cannot be seen made visible. */
export function diffOf(before: string, after: string): string {
  const all = diffLines(before, after).flatMap(({ value, added, removed }) => {
    const mark = added ? '+' : removed ? '-' : ' ';
    const lines = value.replace(/\n$/, '').split('\n');
    return lines.map((line) => ({ mark, text: `${mark} ${revealed(line)}` }));
  });
  const isNear = (place: number) =>
    all.slice(Math.max(0, place - context), place + context + 1).some(({ mark }) => mark !== ' ');
  const shown: string[] = [];
  let left = 0;
  const endGap = () => {
    if (left > 0) shown.push(`  … ${left} ${left === 1 ? 'line' : 'lines'} the same`);
    left = 0;
  };
  for (const [place, { text }] of all.entries()) {
    if (!isNear(place)) {
      left += 1;
      continue;
    }
    endGap();
    shown.push(text);
  }
  endGap();
  return shown.join('\n');
}
