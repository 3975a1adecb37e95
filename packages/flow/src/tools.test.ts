import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { form, text } from './form.ts';
import { defineService } from './service.ts';
import { ServiceTest } from './testing.ts';
import { tool } from './tools.ts';

let runs = 0;

const service = defineService({
  name: 'desk',
  title: 'Desk',
  description: '',
  form: form({}),
  async run(ctx) {
    runs = 0;
    const claude = await ctx.session('main', {
      tools: {
        price: tool({
          description: 'Price of an article, in cents',
          input: z.object({ article: z.string().max(20), count: z.number().int().default(1) }),
          run: ({ article, count }) => ({ article, cents: 250 * count }),
        }),
        approve: tool({
          description: 'Asks a person',
          input: z.object({ what: z.string() }),
          ask: true,
          run: async ({ what }, ctx) => {
            const { word } = await ctx.lock(`approve ${what}`, form({ word: text({ required: true }) }));
            const count = await ctx.step('count', () => {
              runs += 1;
              return runs;
            });
            return `${what}: ${word}, ${count}`;
          },
        }),
        broken: tool({
          description: 'Fails',
          input: z.object({}),
          run: () => {
            throw new Error('no such thing');
          },
        }),
        long: tool({ description: 'Long', input: z.object({}), run: () => 'x'.repeat(300_000) }),
      },
    });
    await ctx.lock('end', form({}));
    await claude.end();
    return 'over';
  },
});

describe('tools of a service', () => {
  it('are offered with what they are for and the schema of their input', () => {
    const test = new ServiceTest(service);
    return test.letGo().then(() => {
      const [opened] = test.log.flatMap((entry) =>
        entry.type === 'call' && entry.call.kind === 'session_open' ? [entry.call.options.tools] : [],
      );
      expect(opened?.map(({ name, ask, timeoutMs }) => [name, ask, timeoutMs])).toEqual([
        ['price', false, 600_000],
        ['approve', true, 600_000],
        ['broken', false, 600_000],
        ['long', false, 600_000],
      ]);
      expect(opened?.[0]?.inputSchema).toMatchObject({
        type: 'object',
        properties: { article: { type: 'string', maxLength: 20 } },
        required: ['article'],
      });
    });
  });

  it('get checked input, and give text or JSON; what goes wrong is said', async () => {
    const test = new ServiceTest(service);
    expect(await test.useTool('price', { article: 'tea', count: 2 })).toEqual({
      text: '{"article":"tea","cents":500}',
      isError: false,
    });
    expect(await test.useTool('price', { article: 7 })).toMatchObject({
      isError: true,
      text: expect.stringContaining('article'),
    });
    expect(await test.useTool('broken', {})).toEqual({ text: 'no such thing', isError: true });
    expect(await test.useTool('nothing', {})).toMatchObject({ isError: true });
    const { text: long } = await test.useTool('long', {});
    expect(long.slice(-30)).toBe('x\n… 37856 characters more'.padStart(30, 'x'));
  });

  it('ask people, several at once, and go on where they were after a crash and a long wait', async () => {
    const test = new ServiceTest(service);
    const [tea, cake] = [test.useTool('approve', { what: 'tea' }), test.useTool('approve', { what: 'cake' })];
    const askedTea = await test.asked('approve tea');
    const askedCake = await test.asked('approve cake');
    test.crash();
    await test.answer(askedCake, { word: 'yes' });
    expect(await cake).toEqual({ text: 'cake: yes, 1', isError: false });
    test.crash();
    expect(await test.useTool('price', { article: 'tea' })).toMatchObject({ isError: false });
    test.crash();
    await test.answer(askedTea, { word: 'no' });
    expect(await tea).toEqual({ text: 'tea: no, 1', isError: false });
    await test.answer(await test.asked('end'), {});
    expect(await test.ended).toMatchObject({ status: 'finished' });
    expect(test.runs).toBe(4);
  });

  it('end with the execution', async () => {
    const test = new ServiceTest(service);
    void test.useTool('approve', { what: 'tea' });
    await test.asked('approve tea');
    test.cancel();
    expect(await test.ended).toEqual({ status: 'cancelled' });
  });
});
