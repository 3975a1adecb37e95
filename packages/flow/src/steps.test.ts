import { AirlockError } from '@airlock/protocol/errors';
import { describe, expect, it } from 'vitest';
import type { Ctx } from './context.ts';
import { form } from './form.ts';
import { defineService } from './service.ts';
import { Steps } from './steps.ts';
import { crashMatrix, ServiceTest } from './testing.ts';

type Run = (ctx: Ctx<Record<never, never>>) => Promise<string | undefined>;

function service(run: Run) {
  return defineService({ name: 'stepping', title: 'Stepping', description: '', form: form({}), run });
}

const finished = (body: string) => ({ status: 'finished', final: { type: 'markdown', body } });

describe('Steps', () => {
  const inPart = (work: () => unknown) => work();

  it('lets an attempt that comes early wait for the function', async () => {
    const steps = new Steps();
    const early = steps.attempt('a', 1, inPart);
    steps.offer('a', () => 'done');
    expect(await early).toEqual({ ok: true, value: 'done' });
  });

  it('runs an attempt of a number once, and none that is older', async () => {
    const steps = new Steps();
    let runs = 0;
    steps.offer('a', () => {
      runs += 1;
    });
    expect(await steps.attempt('a', 2, inPart)).toEqual({ ok: true, value: null });
    expect(steps.attempt('a', 2, inPart)).toBeUndefined();
    expect(steps.attempt('a', 1, inPart)).toBeUndefined();
    expect(await steps.attempt('a', 3, inPart)).toEqual({ ok: true, value: null });
    expect(runs).toBe(2);
  });

  it('never rejects: what is thrown, and what is no JSON, is a failure', async () => {
    const steps = new Steps();
    steps.offer('throws', () => {
      throw new AirlockError('disk_full', 'no space');
    });
    steps.offer('gives', () => () => 1);
    expect(await steps.attempt('throws', 1, inPart)).toMatchObject({ ok: false, error: { code: 'disk_full' } });
    const detail = 'A step must give JSON';
    expect(await steps.attempt('gives', 1, inPart)).toMatchObject({ error: { code: 'service_failed', detail } });
  });
});

describe('ctx.step', () => {
  it('runs its work once and remembers what it gives', async () => {
    let runs = 0;
    const test = new ServiceTest(
      service(async (ctx) => {
        const value = await ctx.step('count', () => {
          runs += 1;
          return { runs };
        });
        await ctx.sleep(1);
        return JSON.stringify(value);
      }),
    );
    await test.letGo();
    await test.letGo();
    expect(await test.finish()).toEqual(finished('{"runs":1}'));
    expect([runs, test.runs]).toEqual([1, 3]);
  });

  it('is tried again after pauses that grow up to their limit', async () => {
    const test = new ServiceTest(
      service(async (ctx) => {
        const retry = { attempts: 5, delayMs: 10, factor: 3, maxDelayMs: 50 };
        let left = 4;
        return ctx.step('flaky', () => (left-- > 0 ? Promise.reject(new Error('not yet')) : 'now'), { retry });
      }),
    );
    await test.advance(0);
    const begun: (number | undefined)[] = [];
    for (const ms of [9, 1, 29, 1, 49, 1, 50]) {
      await test.advance(ms);
      begun.push(test.attempts.get('flaky'));
    }
    expect(begun).toEqual([1, 2, 2, 3, 3, 4, 5]);
    expect(await test.ended).toEqual(finished('now'));
  });

  it('fails as its last attempt did', async () => {
    const test = new ServiceTest(
      service((ctx) =>
        ctx.step('never', () => Promise.reject(new AirlockError('disk_full', 'full')), { retry: { attempts: 2 } }),
      ),
    );
    expect(await test.finish()).toMatchObject({ status: 'error', error: { code: 'disk_full', detail: 'full' } });
    expect(test.attempts.get('never')).toBe(2);
  });

  it('may make no calls', async () => {
    const test = new ServiceTest(service((ctx) => ctx.step('bad', async () => String(await ctx.random()))));
    expect(await test.finish()).toMatchObject({ error: { detail: 'A step may make no calls, but it called random' } });
  });

  it.each([
    ['', {}, 'ctx step'],
    ['a', { retry: { attempts: 0 } }, 'Step a: '],
  ])('refuses name %j with %j', async (name, options, detail) => {
    const test = new ServiceTest(service((ctx) => ctx.step(name, () => 'x', options)));
    expect(await test.ended).toMatchObject({
      error: { code: 'service_failed', detail: expect.stringContaining(detail) },
    });
  });

  it('is begun again after a kill in the middle of an attempt, beyond what retry says', async () => {
    const [whole, ...crashed] = await crashMatrix(
      service(async (ctx) => {
        await ctx.sleep(10);
        const a = await ctx.step('a', async () => 'A');
        const [b, c] = await Promise.all([ctx.step('b', async () => 'B'), ctx.step('c', () => 'C')]);
        return a + b + c;
      }),
      {},
    );
    expect(whole?.end).toEqual(finished('ABC'));
    expect(crashed.some(({ attempts }) => attempts.get('a') === 2)).toBe(true);
    for (const { crashAt, runs, end, log } of crashed) {
      expect({ crashAt, runs, end }).toEqual({ crashAt, runs: 2, end: whole?.end });
      const keys = log.map(({ type, key }) => `${type} ${key}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});

describe('ctx.random', () => {
  it('gives the same numbers again when the service runs again', async () => {
    const test = new ServiceTest(
      service(async (ctx) => {
        const numbers = [await ctx.random(), await ctx.random()];
        await ctx.sleep(1);
        return JSON.stringify(numbers);
      }),
    );
    await test.letGo();
    const end = await test.finish();
    const recorded = test.recording.outcomes.flatMap(({ key, outcome }) =>
      key.includes('/random/') && outcome.ok ? [outcome.value] : [],
    );
    expect(new Set(recorded).size).toBe(2);
    expect(end).toEqual(finished(JSON.stringify(recorded)));
  });
});
