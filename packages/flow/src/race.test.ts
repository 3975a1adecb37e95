import { AirlockError } from '@airlock/protocol/errors';
import { describe, expect, it } from 'vitest';
import type { Ctx } from './context.ts';
import { isError } from './errors.ts';
import { form, text } from './form.ts';
import { defineService } from './service.ts';
import { crashMatrix, type LogEntry, type Script, ServiceTest } from './testing.ts';

const note = form({ note: text({ required: true }) });
const hour = 3_600_000;

type Run = (ctx: Ctx<Record<never, never>>) => Promise<string | undefined>;

function service(run: Run) {
  return defineService({ name: 'racing', title: 'Racing', description: '', form: form({}), run });
}

const start = (run: Run, script?: Script) => new ServiceTest(service(run), script);
const finished = (body: string) => ({ status: 'finished', final: { type: 'markdown', body } });
const losersIn = (log: readonly LogEntry[]) =>
  log.flatMap((entry) => (entry.type === 'call' && entry.call.kind === 'race' ? [entry.call.losers] : []));
const outcomeOf = (log: readonly LogEntry[], key: string) =>
  log.find((entry) => entry.type === 'outcome' && entry.key === key);

/** What a person says within an hour, else `late`. */
const ask = (ctx: Ctx<Record<never, never>>, name: string, ms = hour) =>
  ctx.race({
    person: async () => (await ctx.lock(name, note)).note,
    time: async () => {
      await ctx.sleep(ms);
      return 'late';
    },
  });

describe('ctx.race', () => {
  it('yields what its first branch yields, and withdraws what the others wait for', async () => {
    const test = start((ctx) => ask(ctx, 'a'));
    await test.answer(await test.asked('a'), { note: 'quick' });
    expect(await test.ended).toEqual(finished('quick'));
    expect(losersIn(test.log)).toEqual([['main.race0.time/sleep/#0']]);
    expect(outcomeOf(test.log, 'main.race0.time/sleep/#0')).toMatchObject({
      outcome: { error: { code: 'withdrawn' } },
    });
  });

  it('closes the lock of a loser', async () => {
    const test = start((ctx) => ask(ctx, 'a'));
    const asked = await test.asked('a');
    await test.advance(hour - 1);
    expect(losersIn(test.log)).toEqual([]);
    await test.advance(1);
    expect(await test.ended).toEqual(finished('late'));
    await expect(test.answer(asked, { note: 'too late' })).rejects.toMatchObject({ code: 'already_answered' });
  });

  it('takes branches in a list', async () => {
    const test = start((ctx) => ctx.race([() => ctx.sleep(2).then(() => 'two'), () => ctx.sleep(1).then(() => 'one')]));
    expect(await test.finish()).toEqual(finished('one'));
    expect(losersIn(test.log)).toEqual([['main.race0.0/sleep/#0']]);
  });

  it('rejects when the first to end throws', async () => {
    const test = start(async (ctx) => {
      const failing = ctx.race({
        a: async () => {
          await ctx.sleep(1);
          throw new AirlockError('service_failed', 'no');
        },
        b: () => ctx.sleep(2),
      });
      return failing.then(
        () => 'won',
        (error: AirlockError) => error.detail,
      );
    });
    expect(await test.finish()).toEqual(finished('no'));
    expect(losersIn(test.log)).toEqual([['main.race0.b/sleep/#0']]);
  });

  it('rejects when a branch throws at once', async () => {
    const test = start(async (ctx) => {
      const failing = ctx.race([
        () => {
          throw new TypeError('not a promise');
        },
        () => ctx.sleep(2),
      ]);
      return failing.catch((error: Error) => error.message).then(String);
    });
    expect(await test.finish()).toEqual(finished('not a promise'));
  });

  it('is won by a branch without calls, and can be held without any call open', async () => {
    const test = start((ctx) => ctx.race([async () => 'first', () => 'second']));
    expect(await test.finish()).toEqual(finished('first'));
    expect(losersIn(test.log)).toEqual([[]]);
  });

  it('needs a branch', async () => {
    const test = start(async (ctx) => {
      await ctx.race([]);
      return undefined;
    });
    expect(await test.ended).toMatchObject({ error: { detail: 'A race needs a branch' } });
  });

  it('tells apart labels with dots and slashes in them', async () => {
    const test = start(async (ctx) => {
      const left = await ctx.race({
        a: () => ctx.sleep(2),
        'a.b': async () => {
          ctx.lock('kept', note).catch(() => {});
          await ctx.sleep(1);
          return 'dots';
        },
        'a/log': async () => {
          await ctx.sleep(3);
        },
      });
      return String(left);
    });
    expect(await test.finish()).toEqual(finished('dots'));
    expect(losersIn(test.log)).toEqual([['main.race0.a/sleep/#0', 'main.race0.a%2Flog/sleep/#0']]);
  });

  it('may be held in a branch of another; losing that one withdraws both', async () => {
    const inner = (ctx: Ctx<Record<never, never>>) => ctx.race([() => ctx.sleep(10), () => ctx.sleep(20)]);
    const test = start((ctx) =>
      ctx.race({ outer: () => inner(ctx).then(() => 'outer'), time: () => ask(ctx, 'a', 5) }),
    );
    expect(await test.finish()).toEqual(finished('late'));
    expect(losersIn(test.log)).toEqual([
      ['main.race0.time.race0.person/lock/a#0'],
      ['main.race0.outer.race0.0/sleep/#0', 'main.race0.outer.race0.1/sleep/#0'],
    ]);
  });

  it('is counted within its scope, also side by side', async () => {
    const test = start(async (ctx) => {
      const said = await Promise.all([ask(ctx, 'a', 1), ask(ctx, 'b', 2)]);
      await ctx.sleep(1);
      return said.join();
    });
    expect(await test.finish()).toEqual(finished('late,late'));
    expect(losersIn(test.log)).toEqual([['main.race0.person/lock/a#0'], ['main.race1.person/lock/b#0']]);
    expect(outcomeOf(test.log, 'main/sleep/#0')).toMatchObject({ outcome: { ok: true } });
  });

  it('lets the later calls of losers fail with withdrawn, output too', async () => {
    const after = Promise.withResolvers<boolean[]>();
    const test = start((ctx) =>
      ctx.race([
        async () => {
          const open = await ctx.lock('a', note).catch((error: unknown) => isError(error, 'withdrawn'));
          const later = await ctx.now().catch((error: unknown) => isError(error, 'withdrawn'));
          const shown = await ctx.tracer.text('x').catch((error: unknown) => isError(error, 'withdrawn'));
          after.resolve([open, later, shown].map((each) => each === true));
          return 'loser';
        },
        () => ctx.sleep(1).then(() => 'winner'),
      ]),
    );
    expect(await test.finish()).toEqual(finished('winner'));
    expect(await after.promise).toEqual([true, true, true]);
    expect(test.log.map(({ key }) => key)).not.toContain('main.race0.0/now/#0');
  });

  it('S2: is won by the same branch again, wherever its process is killed', async () => {
    const both = service(async (ctx) => {
      const first = await ask(ctx, 'a', 10);
      const second = await ask(ctx, 'b', 10);
      const third = await ctx.race({
        lock: () => ask(ctx, 'c', 30),
        step: () => ctx.step('work', async () => 'worked'),
      });
      return [first, second, third].join();
    });
    const [whole, ...crashed] = await crashMatrix(both, { answers: { a: [{ note: 'A' }] } });
    expect(whole?.end).toEqual(finished('A,late,worked'));
    expect(crashed.length).toBeGreaterThan(20);
    for (const { crashAt, runs, end, log } of crashed) {
      expect({ crashAt, runs, end, losers: losersIn(log) }).toEqual({
        crashAt,
        runs: 2,
        end: whole?.end,
        losers: losersIn(whole?.log ?? []),
      });
    }
  });

  it('S9: ends as cancelled, all its branches with it', async () => {
    const test = start((ctx) => ask(ctx, 'a'));
    await test.asked('a');
    test.cancel();
    expect(await test.ended).toEqual({ status: 'cancelled' });
    expect(losersIn(test.log)).toEqual([]);
  });
});
