import { describe, expect, it } from 'vitest';
import type { Ctx } from '../context.ts';
import { form, text } from '../form.ts';
import { defineService } from '../service.ts';
import { crashMatrix, ServiceTest } from '../testing.ts';

const note = form({ note: text({ required: true }) });
const finished = (body: string) => ({ status: 'finished', final: { type: 'markdown', body } });

type Run = (ctx: Ctx<Record<never, never>>) => Promise<string | undefined>;

function service(run: Run) {
  return defineService({ name: 'timed', title: 'Timed', description: '', form: form({}), run });
}

const sleepy = service(async (ctx) => {
  const startedAt = await ctx.now();
  for (let night = 0; night < 3; night += 1) await ctx.sleep(100);
  return String((await ctx.now()).getTime() - startedAt.getTime());
});

describe('advance', () => {
  it('lets sleeps end one after the other, each at its time', async () => {
    const test = new ServiceTest(sleepy);
    await test.advance(250);
    expect(test.recording.outcomes.filter(({ key }) => key.includes('/sleep/'))).toHaveLength(2);
    await test.advance(50);
    expect(await test.ended).toEqual(finished('1300'));
  });

  it('goes on after a crash where time was', async () => {
    const test = new ServiceTest(sleepy);
    await test.advance(150);
    test.crash();
    await test.advance(150);
    expect(await test.ended).toEqual(finished('1300'));
    expect(test.runs).toBe(2);
  });

  it('does nothing more once the service is cancelled or has ended', async () => {
    const test = new ServiceTest(sleepy);
    test.cancel();
    await test.advance(1000);
    expect(await test.finish()).toEqual({ status: 'cancelled' });
    await test.advance(1000);
  });
});

describe('letGo', () => {
  it('waits until the service does, and runs it again with the outcomes it had', async () => {
    let effects = 0;
    const test = new ServiceTest(
      service(async (ctx) => {
        const worked = await ctx.step('work', async () => {
          effects += 1;
          return 'worked';
        });
        return `${worked} ${(await ctx.lock('a', note)).note}`;
      }),
    );
    await test.letGo();
    await test.answer(await test.asked('a'), { note: 'well' });
    expect(await test.ended).toEqual(finished('worked well'));
    expect([effects, test.runs]).toEqual([1, 2]);
  });
});

describe('a killed run', () => {
  it('S8: does no more, whatever its code still waits for', async () => {
    const seen: string[] = [];
    const outside = Promise.withResolvers<void>();
    const test = new ServiceTest(
      service(async (ctx) => {
        const run = seen.push('begun');
        await ctx.lock('a', note);
        await outside.promise;
        await ctx.tracer.text(`run ${run}`);
        seen.push(`shown by ${run}`);
        return 'done';
      }),
    );
    await test.answer(await test.asked('a'), { note: 'x' });
    test.crash();
    outside.resolve();
    expect(await test.ended).toEqual(finished('done'));
    expect(seen).toEqual(['begun', 'begun', 'shown by 2']);
  });
});

describe('crashMatrix', () => {
  it('moves time past sleeps, pauses of steps and locks nobody answers', async () => {
    const waiting = service(async (ctx) => {
      let left = 1;
      const worked = await ctx.step('flaky', async () => (left-- > 0 ? Promise.reject(new Error('no')) : 'worked'), {
        retry: { attempts: 9, delayMs: 60_000 },
      });
      await ctx.sleep(1000);
      return `${worked} ${(await ctx.lock('a', note, { otherwise: { note: 'alone' } })).note}`;
    });
    const [whole, ...crashed] = await crashMatrix(waiting, {});
    expect(whole?.end).toEqual(finished('worked alone'));
    expect(crashed.length).toBeGreaterThan(10);
    for (const { crashAt, runs, end } of crashed) {
      expect({ crashAt, runs, end }).toEqual({ crashAt, runs: 2, end: whole?.end });
    }
  });
});
