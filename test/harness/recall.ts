import type { Event } from '@airlock/protocol/events';
import { expect } from 'vitest';
import { ofKind } from './api.ts';
import { containerOf } from './containers.ts';
import { reply } from './endings.ts';
import type { Setting } from './setting.ts';

/** A conversation with something to remember, that is asked for it after whatever happens to its second turn. */
export const recallScenarios = `
  - when: { contains: remember the word }
    steps:
      - blocks: [{ tool_use: { name: Write, input: { file_path: /workspace/note.txt, content: "the moon is made of rock" } } }]
      - say: I will remember that.
  - when: { contains: which word }
    steps:
      - blocks: [{ tool_use: { name: Read, input: { file_path: /workspace/note.txt } } }]
      - say: "You began with: {{firstPrompt}}. The note says: {{toolResult}}"
`;

export interface Begun {
  readonly id: string;
  readonly session: string;
  /** Id of its first container. */
  readonly container: string;
  /** Seq of the lock that the second prompt answered. */
  readonly at: number;
}

export const idOf = async (session: string) => (await containerOf(session).inspect()).Id;
export const isState = (state: string) => (event: Event) => event.kind === 'session' && event.payload.state === state;
export const textsOf = (events: Event[]) =>
  events.flatMap((event) => (event.kind === 'message' ? [event.payload.text] : []));

/** Holds a first turn, and says `prompt` in a second one. */
export async function begin({ api }: Setting, prompt: string): Promise<Begun> {
  const id = await api.launch('claude-hitl', { prompt: 'Please remember the word ocelot' });
  const { payload } = await api.until(id, ofKind('prompt'));
  const at = await reply(api, id, 0, prompt);
  return { id, session: payload.session, container: await idOf(payload.session), at };
}

/** Waits for the second turn to end and asks for what was said before. Resolves with the seq of the lock it answered. */
export async function askWhich({ api }: Setting, { id, at }: Begun): Promise<number> {
  const lock = await api.until(id, ofKind('lock'), at);
  return await reply(api, id, lock.seq - 1, 'which word did I say?');
}

/** Asks for what was said before, and sees the conversation to its end: `seeRecalled()`. */
export async function recall(setting: Setting, begun: Begun, check: () => Promise<void>): Promise<Event[]> {
  return await seeRecalled(setting, begun, await askWhich(setting, begun), check);
}

/**
 * Waits for what `askWhich()` asked for, and ends; `check` sees the container before it goes. Checks that everything is
 * remembered, that nothing is there twice, and that all ended well.
 */
export async function seeRecalled(
  { api, sim }: Setting,
  { id }: Begun,
  asked: number,
  check: () => Promise<void>,
): Promise<Event[]> {
  await api.until(id, ofKind('lock'), asked);
  await check();
  await reply(api, id, asked, 'done');
  await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', asked);
  const events = await api.events(id);
  const texts = textsOf(events);
  expect(texts.at(-1)).toContain('You began with: Please remember the word ocelot.');
  expect(texts.at(-1)).toContain('the moon is made of rock');
  expect(texts).toEqual([...new Set(texts)]);
  expect(events.filter(ofKind('prompt'))).toHaveLength(3);
  expect(events.filter(ofKind('turn')).map(({ payload }) => payload.error)).toEqual([undefined, undefined, undefined]);
  const uses = events.filter(ofKind('tool_use')).map(({ payload }) => payload.toolUseId);
  expect(events.filter(ofKind('tool_result')).map(({ payload }) => payload.toolUseId)).toEqual(uses);
  const last = JSON.stringify(sim.requests.findLast(({ talk }) => talk?.prompt === 'which word did I say?')?.body);
  expect(last).toContain('remember the word ocelot');
  expect(last).toContain('I will remember that.');
  return events;
}
