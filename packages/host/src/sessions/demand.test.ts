import { describe, expect, it } from 'vitest';
import { createDemand } from './demand.ts';

function at() {
  let now = 0;
  const demand = createDemand(() => now);
  const counts = (most: number) => demand.wanted(most).map(({ kind, count }) => [kind, count]);
  return { demand, counts, after: (seconds: number) => (now += seconds * 1000) };
}

describe('what there should be spares of', () => {
  it('is one of what was opened, the last first, and as many as come in a rush', () => {
    const { demand, counts, after } = at();
    demand.note('a', '{}', 's');
    after(60);
    for (let n = 0; n < 3; n += 1) demand.note('b', '{}', 's');
    expect(counts(10)).toEqual([
      ['b', 3],
      ['a', 1],
    ]);
    after(60);
    expect(counts(10)).toEqual([
      ['b', 1],
      ['a', 1],
    ]);
  });

  it('is never more than there may be', () => {
    const { demand, counts } = at();
    for (const kind of ['a', 'b', 'b', 'b', 'b']) demand.note(kind, '{}', 's');
    expect([counts(2), counts(0)]).toEqual([[['b', 2]], []]);
  });

  it('is nothing of what nobody has opened for long', () => {
    const { demand, counts, after } = at();
    demand.note('a', '{}', 's');
    after(31 * 60);
    expect(counts(10)).toEqual([]);
    demand.note('a', '{"model":"x"}', 's');
    expect(demand.wanted(10)).toEqual([{ kind: 'a', count: 1, options: '{"model":"x"}', service: 's' }]);
  });

  it('does not grow with the kinds there are', () => {
    const { demand } = at();
    for (let n = 0; n < 1_000; n += 1) demand.note(`kind ${n}`, '{}', 's');
    expect(demand.wanted(1_000)).toHaveLength(50);
  });
});
