import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf } from './harness/containers.ts';
import { converse, reply } from './harness/endings.ts';
import { runHost } from './harness/programs.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { mountTmpfs } from './harness/tmpfs.ts';

const whole = 'This is said in two parts, because the disk is full between them.';
const script = `
scenarios:
  - when: { contains: halfway }
    steps: [{ blocks: [{ text: "${whole}", gate: { name: halfway, piece: 4 } }] }]
`;
const needsRoot = 'Only root can mount a small disk';
const isRoot = process.getuid?.() === 0;

/** Starts a conversation whose first reply stops in the middle. */
async function halfway({ api, sim }: Setting): Promise<{ id: string; session: string; seq: number }> {
  const id = await api.launch('claude-hitl', { prompt: 'stop halfway' });
  const { payload } = await api.until(id, ofKind('prompt'));
  const { seq } = await api.until(id, (event) => event.kind === 'session' && event.payload.state === 'ready');
  await sim.control.gates.arrival('halfway');
  return { id, session: payload.session, seq };
}

describe('a full disk', () => {
  it.each([0, 40_000])('with %i bytes left, is the reason a start gives', async (left) => {
    expect(isRoot, needsRoot).toBe(true);
    const home = mkdtempSync(join(tmpdir(), 'airlock-home-'));
    const disk = mountTmpfs(home, '2m');
    onTestFinished(() => {
      disk.unmount();
      rmSync(home, { recursive: true });
    });
    disk.fill(left);
    const { code, stderr } = await runHost(home, {}, 'serve', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('The disk is full');
    expect(stderr).toContain('Free space where AIRLOCK_HOME lies');
    const doctor = JSON.parse((await runHost(home, {}, 'doctor', '--json')).stdout);
    expect(doctor.checks).toContainEqual(expect.objectContaining({ name: 'disk', state: 'fail' }));
    expect(doctor.checks).toContainEqual(expect.objectContaining({ name: 'port', detail: '127.0.0.1:0 is free' }));
  });

  it('in the middle of a turn is told, and everything goes on once there is space again', async () => {
    expect(isRoot, needsRoot).toBe(true);
    const setting = await createSetting(script);
    const { api, host, sim } = setting;
    onTestFinished(() => setting.remove());
    await host.stop();
    const disk = mountTmpfs(host.home, '64m');
    onTestFinished(async () => {
      await host.stop();
      disk.unmount();
    });
    await host.start();
    const lost = await halfway(setting);
    const { id, seq } = await halfway(setting);

    disk.fill();
    sim.control.gates.release('halfway', { stay: true });
    await sim.control.waitForRequest(
      ({ outcome, talk }) => outcome.kind === 'answered' && talk?.prompt === 'stop halfway',
    );
    const inputs = { prompt: 'x'.repeat(90_000) };
    const refused = await api.call('POST', '/services/claude-hitl/executions', { inputs });
    expect(refused).toMatchObject({ status: 507, body: { error: { code: 'disk_full', fix: expect.any(String) } } });
    expect((await fetch(`${host.url}/api/health`)).status).toBe(200);
    expect((await api.execution(id)).status).toBe('running');
    await containerOf(lost.session).remove({ force: true });

    disk.free();
    for (const each of [{ id, seq }, lost]) {
      const lock = await api.until(each.id, ofKind('lock'), each.seq);
      await reply(api, each.id, lock.seq - 1, 'done');
      await api.until(each.id, (event) => event.kind === 'status' && event.payload.status === 'finished', lock.seq);
      const messages = (await api.events(each.id)).filter(ofKind('message'));
      expect(messages.map(({ payload }) => payload.text)).toEqual([whole]);
    }
    await converse(api);
  });
});
