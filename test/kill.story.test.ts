import type { Event } from '@airlock/protocol/events';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const long = 'The quick brown fox jumps over the lazy dog and runs on through the wood.';
const script = `
scenarios:
  - when: { contains: first block }
    steps:
      - blocks: [{ text: "${long}", gate: { name: first-block, piece: 6 } }]
  - when: { contains: second block }
    steps:
      - blocks:
          - text: This block is finished.
          - text: "${long}"
            gate: { name: second-block, piece: 6 }
  - when: { contains: after a tool }
    steps:
      - blocks:
          - text: I write it down first.
          - tool_use: { name: Write, input: { file_path: /workspace/kept.txt, content: kept } }
      - blocks: [{ text: "${long}", gate: { name: after-tool, piece: 6 } }]
`;

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(() => setting?.remove());

const messages = (events: Event[]) => events.flatMap((event) => (event.kind === 'message' ? [event.payload] : []));

async function containerOf(session: string): Promise<{ id: string; startedAt: string }> {
  const { Id, State } = await new Docker().getContainer(`claude-session-${session}`).inspect();
  return { id: Id, startedAt: State.StartedAt };
}

/** Kills the host while the model is held at a gate in the middle of a block, and starts it again. */
async function killAt(gate: string, prompt: string): Promise<{ id: string; events: Event[]; live: string }> {
  const { api, host, sim } = setting;
  const id = await api.launch('claude-hitl', { prompt });
  const { payload } = await api.until(id, ofKind('prompt'));
  await sim.control.gates.arrival(gate);
  let live = '';
  for await (const seen of api.watch(id)) {
    if (seen.type === 'delta') live += String(seen.data.text);
    if (live.includes('quick brown')) break;
  }
  const before = await containerOf(payload.session);
  await host.kill();
  sim.control.gates.release(gate, { stay: true });
  await host.start();
  await api.until(id, ofKind('lock'));
  expect(await containerOf(payload.session)).toEqual(before);
  const events = await api.events(id);
  await api.call('DELETE', `/executions/${id}`);
  return { id, events, live };
}

describe.each([{ vary: false }, { vary: true }])(
  'a host killed in a streamed turn (model varies: $vary)',
  ({ vary }) => {
    beforeAll(() => {
      setting.sim.control.gates.reset();
      setting.sim.control.setVary({ enabled: vary, mode: 'reword' });
    });

    it('in the first block: the whole reply is stored once, by the same container', async () => {
      const { events } = await killAt('first-block', `first block ${vary}`);
      const texts = messages(events).map(({ text }) => text);
      expect(texts).toHaveLength(1);
      if (!vary) expect(texts).toEqual([long]);
    });

    it('after a finished block: that block is kept, and nothing is there twice', async () => {
      const { events } = await killAt('second-block', `second block ${vary}`);
      const texts = messages(events).map(({ text }) => text);
      expect(texts[0]).toBe('This block is finished.');
      expect(texts.length).toBeGreaterThan(1);
      expect(new Set(texts).size).toBe(texts.length);
      expect(events.filter((event) => event.kind === 'prompt')).toHaveLength(1);
    });

    it('after a tool call: the tool ran once and its result is kept', async () => {
      const { events } = await killAt('after-tool', `after a tool ${vary}`);
      expect(events.filter((event) => event.kind === 'tool_use')).toHaveLength(1);
      expect(events.filter((event) => event.kind === 'tool_result')).toHaveLength(1);
      const texts = messages(events).map(({ text }) => text);
      expect(texts[0]).toBe('I write it down first.');
      expect(texts).toHaveLength(2);
    });
  },
);

describe('a viewer', () => {
  it('who joins after the kill sees none of the text that was given up', async () => {
    const { api, host, sim } = setting;
    sim.control.reset();
    sim.control.setVary({ enabled: true, mode: 'reword' });
    const id = await api.launch('claude-hitl', { prompt: 'first block, seen by a viewer' });
    await sim.control.gates.arrival('first-block');
    await host.kill();
    await host.start();
    sim.control.gates.release('first-block', { stay: true });
    let text = '';
    for await (const seen of api.watch(id)) {
      if (seen.type === 'delta') text += String(seen.data.text);
      if (seen.type === 'event' && seen.event.kind === 'message') {
        expect(text).toBe(seen.event.payload.text);
        break;
      }
    }
    await api.call('DELETE', `/executions/${id}`);
  });
});
