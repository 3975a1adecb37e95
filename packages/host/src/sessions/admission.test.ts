import { describe, expect, it } from 'vitest';
import { createAdmission, type Need, type Share } from './admission.ts';
import { budgetOf } from './budget.ts';

const one: Need = { cpus: 1, memoryBytes: 10 };

/** Sessions are named `ada-1`: the user, and what it is called. */
function crowd(budget: Need) {
  const admission = createAdmission(budget);
  const admitted: string[] = [];
  let now = 0;
  return {
    admission,
    admitted,
    ask(session: string, need = one, share?: Share): void {
      now += 1;
      const waits = admission.enter({ session, user: session.split('-')[0] ?? '', need, share, since: now });
      if (waits) void waits.then(() => admitted.push(session));
      else admitted.push(session);
    },
    /** The next one in a row leaves, until nobody waits. */
    async serveAll(): Promise<string[]> {
      for (let n = 0; n < admitted.length; n += 1) {
        admission.leave(admitted[n] ?? '');
        await Promise.resolve();
      }
      return admitted;
    },
  };
}

describe('admission', () => {
  it('Q11. gives room as long as there is CPU and memory, and to the next when some is left', async () => {
    const { admission, admitted, ask } = crowd({ cpus: 3, memoryBytes: 20 });
    for (const session of ['a-1', 'a-2', 'a-3', 'a-4']) ask(session);
    expect([admitted, admission.before('a-3'), admission.before('a-4')]).toEqual([['a-1', 'a-2'], 0, 1]);
    expect(admission.lacking()).toEqual({ cpus: 1, memoryBytes: 20 });
    admission.leave('a-1');
    await Promise.resolve();
    expect([admitted.at(-1), admission.before('a-3'), admission.before('a-4')]).toEqual(['a-3', undefined, 0]);
  });

  it('Q11. counts tenths of a CPU right', () => {
    const { admitted, ask } = crowd({ cpus: 0.6, memoryBytes: 100 });
    for (const session of ['a-1', 'a-2', 'a-3', 'a-4']) ask(session, { cpus: 0.2, memoryBytes: 1 });
    expect(admitted).toEqual(['a-1', 'a-2', 'a-3']);
  });

  it('Q14. gives a service no more at once than it wants, and to others meanwhile', async () => {
    const { admission, admitted, ask } = crowd({ cpus: 3, memoryBytes: 100 });
    const few = { service: 'few', most: 1 };
    ask('a-1', one, few);
    ask('b-2', one, few);
    ask('c-3', one, few);
    ask('d-4');
    ask('e-5');
    ask('f-6');
    expect(admitted).toEqual(['a-1', 'd-4', 'e-5']);
    expect(['b-2', 'c-3', 'f-6'].map(admission.before)).toEqual([0, 1, 0]);
    expect([admission.waitingFor('a-1'), admission.waitingFor('d-4')]).toEqual([
      { service: 'few', count: 2 },
      undefined,
    ]);
    // What a full service waits for is no room.
    expect(admission.lacking()).toEqual({ cpus: 1, memoryBytes: -60 });
    admission.leave('a-1');
    await Promise.resolve();
    // It has kept its place.
    expect(admitted.at(-1)).toBe('b-2');
    admission.leave('d-4');
    await Promise.resolve();
    expect(admitted.at(-1)).toBe('f-6');
    admission.leave('b-2');
    await Promise.resolve();
    expect([admitted.at(-1), admission.lacking()]).toEqual(['c-3', undefined]);
  });

  it('Q14. counts those that were there before', () => {
    const { admission, admitted, ask } = crowd({ cpus: 3, memoryBytes: 100 });
    const few = { service: 'few', most: 2 };
    admission.hold('a-1', one);
    admission.count('a-1', few);
    admission.hold('a-2', one);
    admission.count('a-2', { ...few, service: 'other' });
    // It has left before its service was known.
    admission.count('a-0', few);
    ask('a-3', one, few);
    ask('a-4', one, few);
    expect(admitted).toEqual(['a-3']);
  });

  it('Q11. lets one that needs more than all of it be alone', async () => {
    const { admission, admitted, ask } = crowd({ cpus: 1, memoryBytes: 20 });
    ask('a-1');
    ask('a-large', { cpus: 4, memoryBytes: 100 });
    ask('a-2');
    expect(admitted).toEqual(['a-1']);
    admission.leave('a-1');
    await Promise.resolve();
    expect(admitted).toEqual(['a-1', 'a-large']);
    admission.leave('a-large');
    await Promise.resolve();
    expect(admitted.at(-1)).toBe('a-2');
  });

  it('Q12. passes nobody by who needs more', async () => {
    const { admission, admitted, ask } = crowd({ cpus: 9, memoryBytes: 20 });
    ask('a-1');
    ask('a-large', { cpus: 1, memoryBytes: 20 });
    ask('b-small', { cpus: 1, memoryBytes: 1 });
    expect([admitted, admission.before('b-small')]).toEqual([['a-1'], 1]);
    admission.leave('a-1');
    await Promise.resolve();
    expect(admitted).toEqual(['a-1', 'a-large']);
  });

  it('Q12. gives every user room once a round, in the order of asking', async () => {
    const { ask, serveAll } = crowd({ cpus: 1, memoryBytes: 10 });
    for (const session of ['a-1', 'a-2', 'a-3', 'b-1', 'c-1', 'b-2', 'a-4']) ask(session);
    expect(await serveAll()).toEqual(['a-1', 'a-2', 'b-1', 'c-1', 'a-3', 'b-2', 'a-4']);
  });

  it('Q12. lets no user in for ever by asking again and again', async () => {
    const { admission, admitted, ask } = crowd({ cpus: 1, memoryBytes: 10 });
    ask('a-1');
    ask('b-1');
    for (let n = 2; n < 6; n += 1) {
      ask(`a-${n}`);
      admission.leave(admitted.at(-1) ?? '');
      await Promise.resolve();
    }
    expect(admitted.indexOf('b-1')).toBe(1);
  });

  it('keeps the place of one that asks again, and forgets one that leaves the line', async () => {
    const { admission, admitted, ask } = crowd({ cpus: 1, memoryBytes: 10 });
    for (const session of ['a-1', 'a-2', 'a-3', 'a-2']) ask(session);
    expect([admission.before('a-2'), admission.before('a-3')]).toEqual([0, 1]);
    admission.leave('a-2');
    admission.leave('a-1');
    await Promise.resolve();
    expect(admitted).toEqual(['a-1', 'a-3']);
    expect(admission.lacking()).toBeUndefined();
  });

  it('Q13. counts a container that is there, whatever there is', () => {
    const { admission, admitted, ask } = crowd({ cpus: 1, memoryBytes: 10 });
    admission.hold('a-1', one);
    admission.hold('a-2', one);
    ask('b-1');
    admission.leave('a-1');
    expect([admitted, admission.lacking()]).toEqual([[], { cpus: 1, memoryBytes: 10 }]);
  });
});

describe('budgetOf()', () => {
  const gibibyte = 1024 ** 3;
  const auto = { maxCpus: undefined, maxMemoryBytes: undefined };

  it('leaves a tenth of the memory to the machine, and lets sessions share its CPUs', () => {
    const budget = budgetOf(auto, { cpus: 2, memoryBytes: 20 * gibibyte });
    expect(budget).toEqual({ cpus: 16, memoryBytes: 18 * gibibyte });
  });

  it('has room for one session on the smallest machine', () => {
    expect(budgetOf(auto, { cpus: 1, memoryBytes: gibibyte }).memoryBytes).toBe(gibibyte);
  });

  it('is what the settings say', () => {
    const engine = { cpus: 2, memoryBytes: gibibyte };
    expect(budgetOf({ maxCpus: 0.5, maxMemoryBytes: 5 }, engine)).toEqual({ cpus: 0.5, memoryBytes: 5 });
  });
});
