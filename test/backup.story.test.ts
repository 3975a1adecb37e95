import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Event } from '@airlock/protocol/events';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, apiOf, ofKind } from './harness/api.ts';
import { containerOf, runIn, untilRemoved } from './harness/containers.ts';
import { reply } from './harness/endings.ts';
import { spawnHost, startHost, type TestHost } from './harness/host.ts';
import { runCommand } from './harness/programs.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { readWorkspace } from './harness/workspaces.ts';

const script = `
scenarios:
  - when: { contains: write a note }
    steps:
      - blocks: [{ tool_use: { name: Write, input: { file_path: /workspace/note.txt, content: "the moon is made of rock" } } }]
      - say: It is written.
  - when: { contains: what was it }
    steps: [{ say: "You began with: {{firstPrompt}}" }]
`;

const engine = new Docker();
const folder = mkdtempSync(join(tmpdir(), 'airlock-backups-'));
const file = join(folder, 'running.backup');
let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(async () => {
  await setting?.remove();
  rmSync(folder, { recursive: true });
});

interface Conversation {
  readonly id: string;
  readonly session: string;
  /** Of its last lock. */
  readonly seq: number;
}

async function converse(prompt = 'write a note, please'): Promise<Conversation> {
  const { api } = setting;
  const id = await api.launch('claude-hitl', { prompt });
  const { payload } = await api.until(id, ofKind('prompt'));
  const { seq } = await api.until(id, ofKind('lock'));
  return { id, session: payload.session, seq };
}

async function end({ id, seq }: Conversation, api: Api): Promise<void> {
  await reply(api, id, seq - 1, 'done');
  await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', seq);
}

/** Numbers that count up side by side, with much between them in the order they are read. */
async function keepCounting(session: string): Promise<void> {
  await runIn(session, 'head -c 30000000 /dev/urandom > m; for f in a z; do echo 1 > $f; done');
  await runIn(
    session,
    '(i=0; while :; do i=$((i+1)); for f in a z; do echo $i > .new; mv .new $f; done; done) >/dev/null 2>&1 & disown',
  );
}

/** Resolves with what the engine tells of next about a session's container. */
async function nextEvent(session: string, action: string): Promise<void> {
  const filters = { container: [`claude-session-${session}`], event: [action] };
  const events = await engine.getEvents({ filters });
  await once(events, 'data');
  (events as Readable).destroy();
}

const isPaused = async (session: string) => (await containerOf(session).inspect()).State.Paused;

describe('a backup while the host runs', () => {
  let waiting: Conversation;
  let finished: Conversation;
  let before: { list: unknown; events: Map<string, Event[]>; token: string };

  beforeAll(async () => {
    const { api } = setting;
    finished = await converse('write a note and end');
    await end(finished, api);
    await untilRemoved(finished.session);
    waiting = await converse();
    await keepCounting(waiting.session);
  });

  it('K1 K2 is one moment of it, and the conversation goes on', async () => {
    const { api, host } = setting;
    const events = new Map<string, Event[]>();
    for (const { id } of [waiting, finished]) events.set(id, await api.events(id));
    const { body } = await api.call('POST', '/tokens', { label: 'a program' });
    before = { list: (await api.call('GET', '/executions')).body, events, token: String(body.token) };

    const paused = nextEvent(waiting.session, 'pause');
    const made = await runCommand(host.home, 'backup', file, '--json');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    await paused;
    expect(JSON.parse(made.stdout)).toEqual({
      file,
      bytes: statSync(file).size,
      executions: 2,
      workspaces: 2,
      // Nobody gave or made one, but what turns changed in workspaces is kept.
      files: expect.any(Number),
      pausedMs: expect.any(Number),
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['running.backup']);
    expect(existsSync(join(host.home, 'backup'))).toBe(false);
    expect(await isPaused(waiting.session)).toBe(false);

    await reply(api, waiting.id, waiting.seq - 1, 'what was it?');
    const { payload } = await api.until(waiting.id, ofKind('message'), waiting.seq);
    expect(payload.text).toBe('You began with: write a note, please');
  });

  it('is refused where a file is, and replaces it when told to', async () => {
    const { host } = setting;
    const other = join(folder, 'other.backup');
    writeFileSync(other, 'mine');
    expect(await runCommand(host.home, 'backup', other)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('add --force'),
    });
    expect(readFileSync(other, 'utf8')).toBe('mine');
    const made = await runCommand(host.home, 'backup', other, '--force');
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/✓ Backup {2}.*2 executions, 2 workspaces/) });
    expect(statSync(other).size).toBeGreaterThan(30_000_000);
    rmSync(other);
  });

  it('K2 that is killed leaves no session paused and no file behind', async () => {
    const { host } = setting;
    const target = join(folder, 'killed.backup');
    const paused = nextEvent(waiting.session, 'pause');
    const child = spawnHost(host.home, {}, {}, 'backup', target);
    await paused;
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(join(host.home, 'backup'))).toBe(true);
    // The host looks every second.
    while (existsSync(join(host.home, 'backup'))) await fetch(`${host.url}/api/health`);
    expect(await isPaused(waiting.session)).toBe(false);
    expect(readdirSync(folder)).toEqual(['running.backup']);
    await untilNoHelper();
  });

  it('K2 that is told to stop lets the sessions go on and leaves nothing', async () => {
    const { host } = setting;
    const paused = nextEvent(waiting.session, 'pause');
    const child = spawnHost(host.home, {}, {}, 'backup', join(folder, 'stopped.backup'), '--json');
    const ended = once(child, 'exit');
    await paused;
    child.kill('SIGINT');
    expect(await ended).toEqual([1, null]);
    expect(await isPaused(waiting.session)).toBe(false);
    expect(existsSync(join(host.home, 'backup'))).toBe(false);
    expect(readdirSync(folder)).toEqual(['running.backup']);
  });

  it('is not restored while a host runs', async () => {
    const { host } = setting;
    const refused = await runCommand(host.home, 'restore', file, '--force', '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout).error.detail).toContain(`Another host is running on ${host.home}`);
    expect((await fetch(`${host.url}/api/ready`)).status).toBe(200);
  });

  it('is not restored beside the installation it is from', async () => {
    const home = mkdtempSync(join(tmpdir(), 'airlock-home-'));
    const refused = await runCommand(home, 'restore', file, '--json');
    expect(JSON.parse(refused.stdout).error.code).toBe('workspace_taken');
    expect(readdirSync(home).filter((name) => name !== 'cache' && !name.endsWith('.lock'))).toEqual([]);
    rmSync(home, { recursive: true });
  });

  it('can be made of a host that has stopped', async () => {
    const { host } = setting;
    await host.stop();
    const stopped = join(folder, 'stopped.backup');
    const made = await runCommand(host.home, 'backup', stopped, '--json');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(made.stdout)).toMatchObject({ executions: 2, workspaces: 2 });
    expect(await isPaused(waiting.session)).toBe(false);
  });

  describe('restored into another home', () => {
    const home = mkdtempSync(join(tmpdir(), 'airlock-home-'));
    let restored: TestHost;
    afterAll(() => restored?.remove());

    it('is refused when a byte of it has changed, and nothing is changed', async () => {
      await setting.host.remove();
      const altered = join(folder, 'altered.backup');
      const bytes = readFileSync(file);
      bytes.writeUInt8(bytes.readUInt8(10_000_000) ^ 1, 10_000_000);
      writeFileSync(altered, bytes);
      const refused = await runCommand(home, 'restore', altered);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('The backup cannot be used') });
      expect(existsSync(join(home, 'airlock.db'))).toBe(false);
      await expect(engine.getVolume(`claude-session-${waiting.session}`).inspect()).rejects.toMatchObject({
        statusCode: 404,
      });
    });

    it('has the same executions, events and people', async () => {
      const made = await runCommand(home, 'restore', file);
      expect(made).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('✓ Restored  2 executions, 2 workspaces'),
      });
      restored = await startHost({ home, upstream: setting.sim.url });
      const api = apiOf(restored);
      expect((await api.call('GET', '/executions')).body).toEqual(before.list);
      for (const [id, events] of before.events) {
        expect((await api.events(id)).slice(0, events.length)).toEqual(events);
      }
      const authorization = `Bearer ${before.token}`;
      expect((await fetch(`${restored.url}/api/v1/me`, { headers: { authorization } })).status).toBe(200);
    });

    it('K1 has the workspaces of that moment, also of the session that had ended', async () => {
      for (const { session } of [waiting, finished]) {
        expect((await readWorkspace(session)).get('note.txt')).toBe('the moon is made of rock');
      }
      const files = await readWorkspace(waiting.session);
      const [first, last] = [Number(files.get('a')), Number(files.get('z'))];
      expect(first).toBeGreaterThan(0);
      expect([0, 1]).toContain(first - last);
      expect(files.get('m')?.length).toBeGreaterThan(0);
    });

    it('takes the answer that was waited for', async () => {
      const api = apiOf(restored);
      const { requests } = await api.execution(waiting.id);
      expect(requests.map(({ kind }) => kind)).toEqual(['form']);
      await api.answer(requests[0]?.id ?? '', { response: 'what was it?' });
      const lease = await api.until(waiting.id, ofKind('lease'), waiting.seq);
      expect(lease.payload).toMatchObject({ outcome: 'answered', inputs: { response: 'what was it?' } });
    });

    it('moves aside what is in a home, when told to', async () => {
      const api = apiOf(restored);
      const later = await api.launch('claude-hitl', { prompt: 'hello' });
      const { payload } = await api.until(later, ofKind('prompt'));
      await api.until(later, ofKind('lock'));
      await restored.stop();
      const refused = await runCommand(home, 'restore', file);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('The home has a store already') });
      const made = await runCommand(home, 'restore', file, '--force', '--json');
      expect(made).toMatchObject({ code: 0, stderr: '' });
      const { replaced } = JSON.parse(made.stdout);
      expect(readdirSync(replaced)).toEqual(expect.arrayContaining(['airlock.db', 'workspaces']));
      expect(readdirSync(join(replaced, 'workspaces'))).toContain(`${payload.session}.tar.zst`);
      await restored.start();
      expect((await api.call('GET', '/executions')).body).toEqual(before.list);
      await untilRemoved(payload.session);
      expect((await readWorkspace(waiting.session)).get('note.txt')).toBe('the moon is made of rock');
    });
  });
});

/** No container of a backup is there any more. */
async function untilNoHelper(): Promise<void> {
  const filters = { label: ['airlock.kind=backup'] };
  expect(await engine.listContainers({ all: true, filters })).toEqual([]);
}
