import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf } from './harness/containers.ts';
import { errorOf, reply } from './harness/endings.ts';
import { createEngineProxy, type EngineProxy } from './harness/engine-proxy.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const whole = 'This is said in two parts, because the engine stops between them.';
const script = `
scenarios:
  - when: { contains: halfway }
    steps: [{ blocks: [{ text: "${whole}", gate: { name: halfway, piece: 4 } }] }]
`;

let engine: EngineProxy;
let setting: Setting;
beforeAll(async () => {
  engine = await createEngineProxy();
  setting = await createSetting(script, { env: { DOCKER_HOST: engine.dockerHost } });
});
afterAll(async () => {
  await engine?.start();
  await setting?.remove();
  await engine?.remove();
});

describe('an engine that stops in a turn', () => {
  it('is waited for: the same container goes on when it is back, and until then everybody is told', async () => {
    const { api, host, sim } = setting;
    const ready = async () => {
      const response = await fetch(`${host.url}/api/ready`);
      return { status: response.status, text: await response.text() };
    };
    expect(await ready()).toMatchObject({ status: 200 });
    const id = await api.launch('claude-hitl', { prompt: 'stop halfway' });
    const { payload } = await api.until(id, ofKind('prompt'));
    await sim.control.gates.arrival('halfway');
    const before = await containerOf(payload.session).inspect();

    await engine.stop();
    const isState = (state: string) => (event: { kind: string; payload: unknown }) =>
      event.kind === 'session' && (event.payload as { state: string }).state === state;
    const told = await api.until(id, isState('unreachable'));
    expect(told.payload).toMatchObject({ detail: expect.stringContaining('container engine does not answer') });
    expect(await ready()).toEqual({ status: 503, text: expect.stringContaining('engine does not answer') });
    const { error } = await errorOf(api, await api.launch('claude-hitl', { prompt: 'another one' }));
    expect(error.code).toBe('engine_unreachable');
    expect((await api.execution(id)).status).toBe('running');

    await engine.start();
    sim.control.gates.release('halfway', { stay: true });
    await api.until(id, isState('attached'), told.seq);
    const lock = await api.until(id, ofKind('lock'), told.seq);
    expect(await ready()).toMatchObject({ status: 200 });
    const after = await containerOf(payload.session).inspect();
    expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
    await reply(api, id, lock.seq - 1, 'done');
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', lock.seq);
    const events = await api.events(id);
    expect(events.filter(isState('unreachable'))).toHaveLength(1);
    expect(events.filter(ofKind('message')).map((event) => event.payload.text)).toEqual([whole]);
    expect(host.output()).not.toMatch(/Error|at file:/);
  });
});
