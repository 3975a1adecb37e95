import { crashMatrix, type Script, ServiceTest } from '@airlock/flow/testing';
import { describe, expect, it } from 'vitest';
import service, { approval } from './service.ts';

const hour = 3_600_000;
const inputs = { release: '1.0', first: 'ada', hours: 2 };
const yes = { decision: 'approve' };
const no = { decision: 'refuse', comment: 'Too early.' };
const finished = (body: string) => ({ status: 'finished', final: { type: 'markdown', body } });
const released = finished('“1.0” is released: done.');

/** A release that fails before it is done. */
function flaky(failures: number) {
  let left = failures;
  const publish = async () => {
    left -= 1;
    if (left >= 0) throw new Error('The registry is away');
    return 'done';
  };
  return approval({ publish });
}

describe('approval', () => {
  it('asks both at the same time, each by name or else the administrators', async () => {
    const test = new ServiceTest(service, { inputs });
    const asked = await Promise.all([test.asked('first'), test.asked('second')]);
    expect(asked.map(({ call }) => call.assign)).toEqual([{ users: ['ada'] }, { roles: ['admin'] }]);
  });

  it('releases what both approve, trying again when that fails', async () => {
    const test = new ServiceTest(flaky(2), { inputs });
    await test.answer(await test.asked('second'), yes);
    await test.answer(await test.asked('first'), yes);
    await test.advance(4_999);
    expect(test.attempts.get('publish')).toBe(1);
    await test.advance(10_001);
    expect(test.attempts.get('publish')).toBe(3);
    expect(await test.ended).toEqual(released);
  });

  it('ends with the first refusal, whatever the other says', async () => {
    const test = new ServiceTest(service, { inputs });
    await test.answer(await test.asked('second'), no);
    expect(await test.ended).toEqual(finished('“1.0” is not released. The second refused. Too early.'));
    expect(test.attempts.size).toBe(0);
  });

  it('ends at the deadline when one is missing', async () => {
    const test = new ServiceTest(service, { inputs });
    await test.answer(await test.asked('first'), yes);
    await test.advance(2 * hour);
    expect(await test.ended).toEqual(finished('“1.0” is not released. Not approved within 2 hours.'));
  });

  it('releases nothing when it is cancelled', async () => {
    const test = new ServiceTest(service, { inputs });
    await test.asked('first');
    test.cancel();
    expect(await test.ended).toEqual({ status: 'cancelled' });
    expect(test.attempts.size).toBe(0);
  });

  it.each<[string, NonNullable<Script['answers']>, unknown]>([
    ['both approve', { first: [yes], second: [yes] }, released],
    ['one refuses', { first: [no] }, finished('“1.0” is not released. The first refused. Too early.')],
    ['one is missing', { first: [yes] }, finished('“1.0” is not released. Not approved within 2 hours.')],
  ])('ends the same wherever it is killed: %s', async (_, answers, end) => {
    const runs = await crashMatrix(approval({ publish: async () => 'done' }), { inputs, answers });
    expect(runs.length).toBeGreaterThan(10);
    for (const { crashAt, ...run } of runs) {
      expect({ crashAt, runs: run.runs, end: run.end }).toEqual({ crashAt, runs: crashAt === 0 ? 1 : 2, end });
      const locks = run.log.filter((entry) => entry.type === 'call' && entry.call.kind === 'lock');
      expect(locks).toHaveLength(2);
    }
  });
});
