import { describe, expect, it } from 'vitest';
import type { Ctx } from '../context.ts';
import { form, text } from '../form.ts';
import { defineService } from '../service.ts';
import { replayLog, ServiceTest } from '../testing.ts';

const note = form({ note: text({ required: true }) });

type Run = (ctx: Ctx<Record<never, never>>) => Promise<string | undefined>;

function service(run: Run) {
  return defineService({ name: 'recorded', title: 'Recorded', description: '', form: form({}), run });
}

/** What the steps of `recorded` have done to the outside. */
let effects = 0;

const recorded = service(async (ctx) => {
  const first = await ctx.lock('a', note);
  await ctx.step('act', () => {
    effects += 1;
    return effects;
  });
  const second = await ctx.race([async () => (await ctx.lock('b', note)).note, () => ctx.sleep(10).then(() => 'late')]);
  return `${first.note} ${second}`;
});

describe('replayLog', () => {
  it('ends as the execution did, without doing its steps again', async () => {
    const test = new ServiceTest(recorded, { answers: { a: [{ note: 'A' }] } });
    const end = await test.finish();
    const before = effects;
    expect(await replayLog(recorded, test.recording)).toEqual(end);
    expect(end).toMatchObject({ final: { body: 'A late' } });
    expect(effects).toBe(before);
  });

  it('says what an execution waits for', async () => {
    const test = new ServiceTest(recorded, { answers: { a: [{ note: 'A' }] } });
    await test.asked('b');
    const replayed = await replayLog(recorded, test.recording);
    expect(replayed).toMatchObject({
      status: 'waiting',
      for: { 'main.race0.0/lock/b#0': { kind: 'lock' }, 'main.race0.1/sleep/#0': { kind: 'sleep' } },
    });
  });

  it('says where a changed service diverges', async () => {
    const test = new ServiceTest(recorded, { answers: { a: [{ note: 'A' }] } });
    await test.finish();
    const changed = service(async (ctx) => (await ctx.lock('a', form({ other: text({}) }))).other);
    const shorter = service(async (ctx) => (await ctx.lock('a', note)).note);
    expect(await replayLog(changed, test.recording)).toMatchObject({
      status: 'diverged',
      error: { detail: expect.stringMatching(/^main\/lock\/a#0: the log has .* the service now asks /) },
    });
    expect(await replayLog(shorter, test.recording)).toMatchObject({
      status: 'diverged',
      error: { detail: expect.stringContaining('the outcome of main/step/act#0') },
    });
  });

  it('says how an execution that failed did', async () => {
    const failing = service((ctx) => ctx.lock('a', note, { expiresMs: 1 }).then((answer) => answer.note));
    const test = new ServiceTest(failing);
    await test.finish();
    expect(await replayLog(failing, test.recording)).toMatchObject({
      status: 'error',
      error: { code: 'request_expired' },
    });
  });

  it('S9: cancels where the execution was cancelled', async () => {
    const last = service(async (ctx) => {
      await ctx.lock('a', note).catch(() => ctx.tracer.text('cleaned up'));
      return undefined;
    });
    const test = new ServiceTest(last);
    await test.asked('a');
    test.cancel();
    await test.ended;
    expect(test.recording.calls.map(({ key }) => key)).toEqual([
      'main/lock/a#0',
      'io/log/debug#cancel',
      'main/emit/action#0',
    ]);
    expect(await replayLog(last, test.recording)).toEqual({ status: 'cancelled' });
    const silent = service(async (ctx) => {
      await ctx.lock('b', note);
      return undefined;
    });
    expect(await replayLog(silent, test.recording)).toMatchObject({ status: 'diverged' });
  });
});
