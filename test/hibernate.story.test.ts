import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runIn, untilRemoved } from './harness/containers.ts';
import { reply } from './harness/endings.ts';
import { root } from './harness/host.ts';
import { askWhich, type Begun, begin as beginIn, isState, recallScenarios, seeRecalled } from './harness/recall.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const touch = '{ tool_use: { name: Bash, input: { command: "touch /workspace/made.txt" } } }';
const script = `
scenarios:${recallScenarios}  - when: { contains: with leave }
    steps: [{ blocks: [${touch}] }, { say: It is made. }]
  - when: { contains: once more }
    steps: [{ blocks: [${touch}] }, { say: It is made again. }]
  - when: { contains: slowly }
    steps: [{ hold: slow, say: It took its time. }]
  - when: { contains: a word between }
    steps: [{ say: I heard the word. }]
  - when: { contains: nothing special }
    steps: [{ say: Nothing special was done. }]
`;

const services = createServices({
  'claude-hitl': `import { claudeHitl } from '${join(root, 'services/claude-hitl/service.ts')}';
export default claudeHitl({ hibernateMs: 1500 });`,
});

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
});
afterAll(async () => {
  await setting?.remove();
  services.remove();
});
afterEach(() => setting.sim.control.reset());

const begin = (prompt: string) => beginIn(setting, prompt);
const engine = new Docker();

/** Whether the engine knows any container of a session. */
async function hasContainer(session: string): Promise<boolean> {
  const found = await engine.listContainers({ all: true, filters: { name: [`claude-session-${session}`] } });
  return found.length > 0;
}

/** Waits until the session sleeps and its container is gone; resolves with the seq of the event. */
async function untilAsleep({ id, session }: Begun, after: number): Promise<number> {
  const { seq } = await setting.api.until(id, isState('hibernated'), after);
  await untilRemoved(session);
  return seq;
}

describe.each([{ vary: false }, { vary: true }])('a conversation that waits (model varies: $vary)', ({ vary }) => {
  it('gives up its container, and the reply wakes it with all it knew, had and was allowed', async () => {
    const { api, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const begun = await begin('do it with leave');
    const { id, session } = begun;
    const asked = await api.until(id, ofKind('request'), begun.at);
    await api.answer(asked.payload.request, { decision: 'allow', remember: true });
    const lock = await api.until(id, ofKind('lock'), asked.seq);
    const slept = await untilAsleep(begun, lock.seq);
    expect(await hasContainer(session)).toBe(false);
    expect((await api.execution(id)).status).toBe('awaiting');
    await api.answer(lock.payload.request, { response: 'and once more' });
    const next = await api.until(id, ofKind('lock'), slept);
    expect(await runIn(session, 'ls -1 /workspace/*.txt')).toBe('/workspace/made.txt\n/workspace/note.txt');
    const events = await api.events(id);
    expect(events.filter(ofKind('request'))).toHaveLength(1);
    expect(events.filter(isState('resumed'))[0]?.payload).toMatchObject({ detail: 'It wakes' });
    await untilAsleep(begun, next.seq);
    await reply(api, id, next.seq - 1, 'which word did I say?');
    const said = await api.until(id, (event) => event.kind === 'message' && event.seq > next.seq);
    expect(said.payload).toMatchObject({ text: expect.stringContaining('remember the word ocelot') });
    await reply(api, id, said.seq, 'done');
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', said.seq);
    await untilRemoved(session);
  });
});

describe('a conversation that sleeps', () => {
  it('wakes for a word beside the reply, and works as it was told to meanwhile', async () => {
    const { api } = setting;
    const begun = await begin('nothing special');
    const { id, session } = begun;
    const lock = await api.until(id, ofKind('lock'), begun.at);
    const slept = await untilAsleep(begun, lock.seq);
    expect((await api.call('PATCH', `/sessions/${session}`, { permissionMode: 'acceptEdits' })).status).toBe(204);
    expect((await api.call('POST', `/sessions/${session}/interrupt`)).status).toBe(204);
    expect(await hasContainer(session)).toBe(false);
    expect((await api.call('POST', `/sessions/${session}/messages`, { text: 'a word between' })).status).toBe(204);
    const turn = await api.until(id, ofKind('turn'), slept);
    expect(turn.payload.text).toBe('I heard the word.');
    const entry = JSON.stringify(setting.sim.requests.at(-1)?.body);
    expect(entry).toContain('I will remember that.');
    await untilAsleep(begun, turn.seq);
    await api.answer(lock.payload.request, { response: 'done' });
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', turn.seq);
  });

  it('is ended with its execution, and never gets a container again', async () => {
    const { api } = setting;
    const begun = await begin('nothing special');
    const lock = await api.until(begun.id, ofKind('lock'), begun.at);
    await untilAsleep(begun, lock.seq);
    expect((await api.call('POST', `/executions/${begun.id}/cancel`)).status).toBeLessThan(300);
    await api.until(begun.id, isState('ended'), lock.seq);
    expect(await hasContainer(begun.session)).toBe(false);
  });

  it('waits for its image when somebody removes it, and goes on when it is back', async () => {
    const { body } = await setting.api.call('GET', '/system');
    const given = engine.getImage((body.image as { reference: string }).reference);
    const image = { repo: 'airlock-story', tag: 'gone' };
    const reference = `${image.repo}:${image.tag}`;
    await given.tag(image);
    onTestFinished(() => engine.getImage(reference).remove());
    const other = await createSetting(script, {
      env: { AIRLOCK_SERVICES: services.dir, CONTAINER_IMAGE_URI: reference },
    });
    onTestFinished(() => other.remove());
    const begun = await beginIn(other, 'nothing special');
    const { seq } = await other.api.until(begun.id, isState('hibernated'), begun.at);
    await untilRemoved(begun.session);
    await engine.getImage(reference).remove();
    const asked = await askWhich(other, begun);
    const told = await other.api.until(begun.id, isState('unreachable'), seq);
    expect(told.payload).toMatchObject({ detail: expect.stringMatching(/image is missing.*Run `npm start`/) });
    await given.tag(image);
    const events = await seeRecalled(other, begun, asked, () => Promise.resolve());
    expect(events.filter(isState('unreachable'))).toHaveLength(1);
  });

  it('does not sleep while Claude works or a person is asked', async () => {
    const { api, sim } = setting;
    const begun = await begin('now slowly');
    await sim.control.gates.arrival('slow');
    const other = await begin('do it with leave');
    const asked = await api.until(other.id, ofKind('request'), other.at);
    const third = await begin('nothing special');
    await untilAsleep(third, third.at);
    expect(await Promise.all([begun, other].map(({ session }) => hasContainer(session)))).toEqual([true, true]);
    sim.control.gates.release('slow', { stay: true });
    await api.answer(asked.payload.request, { decision: 'deny', message: 'no' });
    await api.until(begun.id, isState('hibernated'), begun.at);
    await api.until(other.id, isState('hibernated'), other.at);
    for (const { id } of [begun, other, third]) await api.call('POST', `/executions/${id}/cancel`);
  });
});
