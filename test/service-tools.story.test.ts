import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf } from './harness/containers.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* Tools a service offers to Claude: they run in its own process, with what it knows and the container does not. */

const script = `
scenarios:
  - when: { contains: look it up }
    steps:
      - blocks: [{ tool_use: { name: mcp__service__lookup, input: { article: tea } } }]
      - say: "Price: {{toolResult}}"
  - when: { contains: look up nonsense }
    steps:
      - blocks: [{ tool_use: { name: mcp__service__lookup, input: { article: 7 } } }]
      - say: "Price: {{toolResult}}"
  - when: { contains: order it }
    steps:
      - blocks:
          - tool_use: { name: mcp__service__order, input: { article: tea, cents: 250 } }
      - say: "Order: {{toolResult}}"
  - when: { contains: delete it }
    steps:
      - blocks: [{ tool_use: { name: mcp__service__remove, input: { article: tea } } }]
      - say: "Removed: {{toolResult}}"
`;

const shop = `
import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
import { tool } from '@airlock/flow/tools';
import * as z from 'zod';

const secret = 'db-password-of-the-shop';
const article = z.string().max(20).describe('Name of the article');

export default defineService({
  name: 'shop', title: 'Shop', description: '', form: form({ prompt: text({ required: true }) }),
  async run(ctx) {
    const claude = await ctx.session('main', {
      tools: {
        lookup: tool({
          description: 'Price of an article in cents',
          input: z.object({ article }),
          run: ({ article }) => ({ article, cents: secret.length * 10, process: process.pid }),
        }),
        order: tool({
          description: 'Orders an article, once a person agrees',
          input: z.object({ article, cents: z.number().int() }),
          run: async ({ article, cents }, ctx) => {
            const { agreed } = await ctx.lock('agree', form({ agreed: text({ label: 'Order ' + article + ' for ' + cents + '?' }) }));
            const number = await ctx.step('order', () => 'order of ' + article);
            return number + ', agreed: ' + agreed;
          },
        }),
        remove: tool({ description: 'Removes an article', input: z.object({ article }), ask: true, run: () => 'gone' }),
      },
    });
    const { text: said } = await claude.send(ctx.inputs.prompt);
    return said;
  },
});`;

const services = createServices({ shop });
let setting: Setting;
let browser: Browser;

beforeAll(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  services.remove();
});

const start = (prompt: string) => setting.api.launch('shop', { prompt });
const finalOf = async (id: string) => String((await setting.api.until(id, ofKind('final'))).payload.body);

describe('a tool of a service', () => {
  it('runs in the process of the service, unasked, and is an event like any tool', async () => {
    const { api, sim } = setting;
    const id = await start('look it up');
    const final = await finalOf(id);
    expect(final).toMatch(/^Price: \{"article":"tea","cents":230,"process":\d+\}$/);
    const used = (await api.events(id)).filter(ofKind('tool_use')).map(({ payload }) => [payload.tool, payload.input]);
    expect(used).toEqual([['mcp__service__lookup', { article: 'tea' }]]);
    expect((await api.events(id)).filter(ofKind('request'))).toEqual([]);
    const offered = JSON.stringify(sim.requests.at(-1)?.body);
    expect(offered).toContain('Price of an article in cents');
    expect(offered).not.toContain('db-password-of-the-shop');
  });

  it('refuses input that does not fit its schema, and Claude is told', async () => {
    expect(await finalOf(await start('look up nonsense'))).toMatch(/^Price: .*article/s);
  });

  it('asks people in the panel, outlives a killed host, and does what it does once', async () => {
    const { api, host } = setting;
    const id = await start('order it');
    const asked = await api.until(id, ofKind('lock'));
    await host.kill();
    await host.start();
    const page = await browser.newPage();
    await signIn(page, host);
    await page.getByTestId('service-card-shop').waitFor();
    await page.goto(`${host.url}/executions/${id}`);
    await page.getByLabel('Order tea for 250?').fill('of course');
    await page.getByTestId('answer-submit').click();
    await page.getByText('Order: order of tea, agreed: of course').first().waitFor();
    expect(await finalOf(id)).toBe('Order: order of tea, agreed: of course');
    const events = await api.events(id);
    expect(events.filter(ofKind('lock'))).toHaveLength(1);
    expect(events.filter(ofKind('tool_result'))).toHaveLength(1);
    expect(asked.payload.name).toBe('agree');
    await page.close();
  });

  it('that is to be asked about is asked about', async () => {
    const { api } = setting;
    const id = await start('delete it');
    const asked = await api.until(id, ofKind('request'));
    expect(asked.payload.ask).toMatchObject({ tool: 'mcp__service__remove', mcpServer: { source: 'sdk' } });
    await api.answer(asked.payload.request, { decision: 'allow' });
    expect(await finalOf(id)).toBe('Removed: gone');
  });

  it('whose container is lost in the middle is told to Claude as unknown, and is not run again by itself', async () => {
    const { api } = setting;
    const id = await start('order it');
    await api.until(id, ofKind('lock'));
    const { session } = (await api.until(id, ofKind('prompt'))).payload;
    await containerOf(session).kill();
    expect(await finalOf(id)).toContain('so its outcome is unknown');
    const events = await api.events(id);
    expect(events.filter(ofKind('lock'))).toHaveLength(1);
    expect(events.filter(ofKind('lease')).map(({ payload }) => payload.outcome)).toEqual(['withdrawn']);
  });
});
