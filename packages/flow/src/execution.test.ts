import { AirlockError } from '@airlock/protocol/errors';
import { describe, expect, it } from 'vitest';
import type { Ctx } from './context.ts';
import { form, text, textarea } from './form.ts';
import { InputsError } from './inputs-error.ts';
import { defineService } from './service.ts';
import { type End, ServiceTest } from './testing.ts';

const note = form({ note: text({ required: true }) });

function service(run: (ctx: Ctx<{ name: string }>) => Promise<string | undefined>) {
  return defineService({ name: 'tested', title: 'Tested', description: '', form: form({ name: text() }), run });
}

async function errorOf(end: Promise<End>): Promise<AirlockError> {
  const ended = await end;
  if (ended.status !== 'error') throw new AirlockError('internal', `Expected an error, got ${ended.status}`);
  return ended.error;
}

describe('a service', () => {
  it('gets its inputs with defaults, and what it returns is the final Markdown', async () => {
    const test = new ServiceTest(service(async ({ inputs }) => `name: "${inputs.name}"`));
    expect(await test.ended).toEqual({ status: 'finished', final: { type: 'markdown', body: 'name: ""' } });
  });

  it('fails on inputs its form does not take', async () => {
    const test = new ServiceTest(
      service(async () => undefined),
      { inputs: { other: 1 } },
    );
    expect(await errorOf(test.ended)).toMatchObject({ code: 'invalid_inputs' });
  });

  it('that throws fails as service_failed, with its stack in the log', async () => {
    const test = new ServiceTest(
      service(async () => {
        throw new TypeError('no such thing');
      }),
    );
    expect(await errorOf(test.ended)).toMatchObject({ code: 'service_failed', detail: 'no such thing' });
    expect(JSON.stringify(test.log)).toContain('execution.test.ts');
  });

  it('can catch a failed turn, and fails with its code when it does not', async () => {
    const session = () => new AirlockError('claude_stalled', 'silent');
    const careless = service(async (ctx) => (await (await ctx.session()).send('hi')).text);
    expect(await errorOf(new ServiceTest(careless, { session }).ended)).toMatchObject({ code: 'claude_stalled' });
    const careful = service(async (ctx) => {
      const chat = await ctx.session();
      return chat.send('hi').then(
        (turn) => turn.text,
        (error: AirlockError) => error.code,
      );
    });
    const { ended } = new ServiceTest(careful, { session });
    expect(await ended).toMatchObject({ final: { body: 'claude_stalled' } });
  });

  it('may start a session of one name only once', async () => {
    const twice = service(async (ctx) => {
      await ctx.session('a');
      await ctx.session('a');
      return undefined;
    });
    expect(await errorOf(new ServiceTest(twice).ended)).toMatchObject({ code: 'service_failed' });
  });

  it('that changes under a running execution fails as nondeterministic', async () => {
    let label = 'before';
    const changing = service(async (ctx) => (await ctx.lock('a', form({ x: text({ label }) }))).x);
    const test = new ServiceTest(changing);
    await test.asked('a');
    label = 'after';
    test.crash();
    const error = await errorOf(test.ended);
    expect(error.code).toBe('nondeterministic');
    expect(error.detail).toMatch(/"before".*"after"/);
  });

  it('that ends without asking for what its log has fails as nondeterministic', async () => {
    let isShort = false;
    const changing = service(async (ctx) => (isShort ? 'short' : (await ctx.lock('a', note)).note));
    const test = new ServiceTest(changing);
    await test.asked('a');
    isShort = true;
    test.crash();
    expect((await errorOf(test.ended)).detail).toMatch(/^The log has main\/lock\/a#0 .* the service ended without/);
  });
});

describe('ctx.lock', () => {
  it('yields the cleaned answer', async () => {
    const test = new ServiceTest(service(async (ctx) => (await ctx.lock('a', form({ x: textarea() }))).x));
    const asked = await test.asked('a');
    expect(await test.answer(asked, { x: 1 })).toEqual({ x: ['Expected a text'] });
    expect(await test.answer(asked, { x: 'a\r\nb' })).toBeNull();
    expect(await test.ended).toMatchObject({ final: { body: 'a\nb' } });
  });

  it('yields the value of its lease, and stays open when the lease refuses', async () => {
    const leased = service((ctx) =>
      ctx.lock('a', note, {
        lease: (answer) => {
          if (answer.note === 'no') throw new InputsError({ note: 'Not this' });
          if (answer.note === 'never') throw new InputsError('Nothing fits');
          return answer.note.toUpperCase();
        },
      }),
    );
    const test = new ServiceTest(leased);
    const asked = await test.asked('a');
    expect(await test.answer(asked, { note: 'no' })).toEqual({ note: ['Not this'] });
    expect(await test.answer(asked, { note: 'never' })).toEqual({ _global_: ['Nothing fits'] });
    expect(await test.answer(asked, { note: 'yes' })).toBeNull();
    expect(await test.ended).toMatchObject({ final: { body: 'YES' } });
  });

  it('takes an answer that comes before the replay has reached the lock', async () => {
    const test = new ServiceTest(
      service(async (ctx) => {
        await ctx.now();
        return ctx.lock('a', note, { lease: (answer) => answer.note });
      }),
    );
    const asked = await test.asked('a');
    test.crash();
    expect(await test.answer(asked, { note: 'early' })).toBeNull();
    expect(await test.ended).toMatchObject({ final: { body: 'early' } });
    expect(test.runs).toBe(2);
  });

  it('refuses calls made by a lease', async () => {
    const test = new ServiceTest(
      service((ctx) =>
        ctx.lock('a', note, {
          lease: async (answer) => {
            await ctx.now();
            return answer.note;
          },
        }),
      ),
    );
    const asked = await test.asked('a');
    await expect(test.answer(asked, { note: 'x' })).rejects.toThrow('A lease may make no calls');
  });

  it('fails with request_expired when nobody answers', async () => {
    const test = new ServiceTest(service(async (ctx) => (await ctx.lock('a', note)).note));
    test.expire(await test.asked('a'));
    expect(await errorOf(test.ended)).toMatchObject({ code: 'request_expired' });
  });
});

describe('cancel', () => {
  it('aborts ctx.signal, rejects what waits, and takes nothing more', async () => {
    const seen = Promise.withResolvers<unknown[]>();
    const test = new ServiceTest(
      service(async (ctx) => {
        const waiting = await ctx.lock('a', note).catch((error: unknown) => error);
        const after = await ctx.now().catch((error: unknown) => error);
        seen.resolve([waiting, ctx.signal.aborted, ctx.signal.reason, after]);
        return undefined;
      }),
    );
    await test.asked('a');
    const before = test.log.length;
    test.cancel('by Ada');
    const cancelled = expect.objectContaining({ code: 'execution_ended', detail: 'by Ada' });
    expect(await seen.promise).toEqual([cancelled, true, cancelled, cancelled]);
    expect(await test.ended).toEqual({ status: 'cancelled' });
    expect(test.log.slice(before)).toMatchObject([
      { key: 'io/log/debug#cancel:{"outcomes":0}', call: { kind: 'log' } },
    ]);
  });
});
