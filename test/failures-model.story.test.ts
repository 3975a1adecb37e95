import { createModelSim } from '@airlock/model-sim/server';
import type { Event } from '@airlock/protocol/events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { apiOf, ofKind } from './harness/api.ts';
import { converse, errorOf, filesBelow, reply } from './harness/endings.ts';
import { startHost, testKey } from './harness/host.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const script = `
scenarios:
  - when: { contains: overloaded }
    steps: [{ error: { status: 529, times: 3 }, say: It was worth the wait. }]
  - when: { contains: limited }
    steps: [{ error: { status: 429, times: 2, retryAfter: 1 }, say: Now I may. }]
  - when: { contains: too long }
    steps: [{ error: { status: 400, message: "prompt is too long: 300000 tokens" } }]
`;

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(() => setting?.remove());

const retries = (events: Event[]) => events.filter(ofKind('retry')).map(({ payload }) => payload);

describe('a key the model API refuses', () => {
  const wrongKey = 'sk-ant-wrong-abcdefghijklmnopqrstuvwxyz0123456789';

  it('is told within 2 s of the launch, and its text is written nowhere', async () => {
    const { sim } = setting;
    sim.control.reset();
    const host = await startHost({ upstream: sim.url, key: wrongKey });
    onTestFinished(() => host.remove());
    const api = apiOf(host);
    const launchedAt = Date.now();
    const id = await api.launch('claude-hitl', { prompt: 'hello' });
    const { error, events } = await errorOf(api, id);
    expect(Date.now() - launchedAt).toBeLessThan(2_000);
    expect(error).toMatchObject({ code: 'model_key_refused', fix: expect.stringContaining('ANTHROPIC_API_KEY') });
    expect(await api.execution(id)).toMatchObject({ status: 'error', result: null, requests: [] });

    expect(JSON.stringify(events)).not.toContain(wrongKey);
    expect(host.output()).not.toContain(wrongKey);
    const holders = [...filesBelow(host.home)].filter(([, text]) => text.includes(wrongKey)).map(([path]) => path);
    expect(holders).toEqual([]);
    expect(await host.stop()).toBe(0);
    await host.start({ ANTHROPIC_API_KEY: testKey });
    await converse(apiOf(host));
  });
});

describe('a model API that cannot answer now', () => {
  it('is asked again after three 529s, each shown with its reason', async () => {
    const { api } = setting;
    const events = await converse(api, 'you are overloaded');
    expect(retries(events)).toMatchObject(
      [1, 2, 3].map((attempt) => ({ attempt, status: 529, reason: expect.stringMatching(/overloaded/i) })),
    );
    expect(events.filter(ofKind('message')).map(({ payload }) => payload.text)).toEqual(['It was worth the wait.']);
    expect(events.filter(ofKind('turn')).map(({ payload }) => payload.error)).toEqual([undefined]);
  });

  it('is given the time it asks for with a 429', async () => {
    const { api } = setting;
    const shown = retries(await converse(api, 'you are limited'));
    expect(shown).toMatchObject([{ status: 429 }, { status: 429, reason: expect.stringMatching(/limit/i) }]);
    expect(shown.every(({ delayMs }) => delayMs >= 1_000)).toBe(true);
  });

  it('is waited for while nobody listens there, in words a person understands', async () => {
    const sim = createModelSim({ scripts: [{ yaml: script, file: 'story.yaml' }], acceptKeys: [testKey], pace: 1 });
    const { url, port } = await sim.listen();
    onTestFinished(() => sim.close());
    const host = await startHost({ upstream: url });
    onTestFinished(() => host.remove());
    const api = apiOf(host);
    const id = await api.launch('claude-hitl', { prompt: 'hello' });
    const lock = await api.until(id, ofKind('lock'));
    await sim.close();
    await api.answer(lock.payload.request, { response: 'still there?' });
    const retry = await api.until(id, ofKind('retry'), lock.seq);
    expect(retry.payload.reason).toBe(`127.0.0.1:${port} refuses connections`);
    await sim.listen(port);
    const turn = await api.until(id, ofKind('turn'), retry.seq);
    expect(turn.payload.error).toBeUndefined();
    await reply(api, id, turn.seq, 'done');
  });
});

describe('a request the model API refuses', () => {
  it('ends the execution at once, with what it said', async () => {
    const { api } = setting;
    const { error, events } = await errorOf(api, await api.launch('claude-hitl', { prompt: 'this is too long' }));
    expect(error).toMatchObject({ code: 'model_refused', detail: expect.stringContaining('prompt is too long') });
    expect(retries(events)).toEqual([]);
    await converse(api);
  });
});
