import { describe, expect, it } from 'vitest';
import { type Ctx, defaultAnswerMs, type LockOptions } from './context.ts';
import { checkbox, form, text } from './form.ts';
import { InputsError } from './inputs-error.ts';
import { defineService } from './service.ts';
import { ServiceTest } from './testing.ts';

const review = form({ words: text({ required: true }), loud: checkbox({ option: 'Loudly' }) });
interface Review {
  words: string;
  loud: boolean;
}

type Run = (ctx: Ctx<Record<never, never>>) => Promise<string | undefined>;

function service(run: Run) {
  return defineService({ name: 'asking', title: 'Asking', description: '', form: form({}), run });
}

const asking = (options: LockOptions<Review>) => service(async (ctx) => (await ctx.lock('a', review, options)).words);

describe('options of a lock', () => {
  it('reach the host: who may answer, by when, and what is taken otherwise', async () => {
    const assign = { users: ['ada'], roles: ['member' as const], owner: true };
    const test = new ServiceTest(asking({ assign, expiresMs: 1000, otherwise: { words: 'none' } }));
    const { call } = await test.asked('a');
    expect(call).toMatchObject({ assign, expiresMs: 1000, otherwise: { words: 'none', loud: false } });
  });

  it('reach the host: when people are reminded, and who is asked when nobody answers', async () => {
    const options = { remindMs: [1_000, 2_000], escalate: { afterMs: 3_000, to: { role: 'admin' as const } } };
    expect((await new ServiceTest(asking(options)).asked('a')).call).toMatchObject(options);
    const wrong = await new ServiceTest(asking({ remindMs: Array.from({ length: 11 }, (_, n) => n + 1) })).finish();
    expect(wrong).toMatchObject({ status: 'error', error: { code: 'service_failed' } });
  });

  it('are left out unless given', async () => {
    const { call } = await new ServiceTest(asking({})).asked('a');
    expect(call).toMatchObject({ expiresMs: defaultAnswerMs, lease: false });
    expect(call).not.toHaveProperty('assign');
    expect(call).not.toHaveProperty('otherwise');
  });

  it('let it yield its default when the time is up', async () => {
    const test = new ServiceTest(asking({ expiresMs: 1000, otherwise: { words: 'none' } }));
    await test.advance(999);
    await test.asked('a');
    await test.advance(1);
    expect(await test.ended).toMatchObject({ final: { body: 'none' } });
  });

  it('pass the default through the lease', async () => {
    const leased = service((ctx) =>
      ctx.lock('a', review, {
        expiresMs: 1000,
        otherwise: { words: 'none' },
        lease: (answer: Review) => answer.words.toUpperCase(),
      }),
    );
    expect(await new ServiceTest(leased).finish()).toMatchObject({ final: { body: 'NONE' } });
  });

  it('make it fail with request_expired without a default', async () => {
    expect(await new ServiceTest(asking({ expiresMs: 5 })).finish()).toMatchObject({
      status: 'error',
      error: { code: 'request_expired' },
    });
  });

  it('refuse a default the form does not take', async () => {
    expect(await new ServiceTest(asking({ otherwise: { loud: true } })).ended).toMatchObject({
      error: { code: 'service_failed', fields: { words: expect.anything() } },
    });
  });

  it('refuse an assignment nobody could read', async () => {
    expect(await new ServiceTest(asking({ assign: { users: [''] } })).ended).toMatchObject({
      error: { code: 'service_failed', detail: expect.stringMatching(/^ctx lock: /) },
    });
  });

  it('may change under a running execution', async () => {
    let expiresMs = 1000;
    const test = new ServiceTest(service(async (ctx) => (await ctx.lock('a', review, { expiresMs })).words));
    const asked = await test.asked('a');
    expiresMs = 5000;
    test.crash();
    await test.answer(asked, { words: 'yes' });
    expect(await test.ended).toMatchObject({ final: { body: 'yes' } });
  });

  it('leave a lock open whose lease refuses what is scripted, until an answer fits', async () => {
    const picky = service((ctx) =>
      ctx.lock('a', review, {
        lease: ({ words }) => {
          if (words === 'no') throw new InputsError({ words: 'Not no' });
          return words;
        },
      }),
    );
    const test = new ServiceTest(picky, { answers: { a: [{ words: 'no' }, { words: 'yes' }] } });
    expect(await test.ended).toMatchObject({ final: { body: 'yes' } });
  });
});

describe('the policy of a service', () => {
  const define = (more: object) =>
    defineService({ name: 'a', title: '', description: '', form: form({}), run: async () => undefined, ...more });

  it('is in its manifest, with defaults', () => {
    expect(define({}).manifest.policy).toEqual({ replicas: 1, cancelMs: 30_000 });
    const policy = { replicas: 3, maxConcurrent: 10, keepMs: 1000 };
    const timeouts = { answerMs: 5, executionMs: 60_000, cancelMs: 100 };
    const service = define({ policy, timeouts });
    expect(service.manifest.policy).toEqual({ ...policy, executionMs: 60_000, cancelMs: 100 });
    expect(service.answerMs).toBe(5);
  });

  it.each([
    { policy: { replicas: 0 } },
    { policy: { maxConcurrent: 1.5 } },
    { policy: { keepMs: -1 } },
    { timeouts: { executionMs: 0 } },
  ])('is refused when it makes no sense: %j', (more) => {
    expect(() => define(more)).toThrow(expect.objectContaining({ code: 'service_not_loaded' }));
  });
});
