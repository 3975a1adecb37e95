import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { readConfig } from '@airlock/host/config';
import { createEngineClient, type EngineClient } from '@airlock/host/engine/engine-client';
import { engineSearchError, findEngine } from '@airlock/host/engine/find-engine';
import { ensureImage } from '@airlock/host/images/ensure-image';
import { containerConfig } from '@airlock/host/placement/container-config';
import { execStream } from '@airlock/host/placement/exec';
import { createLocalPlacement } from '@airlock/host/placement/local';
import type { ContainerSpec, PlacedContainer, Placement } from '@airlock/host/placement/placement';
import { idSchema } from '@airlock/protocol/ids';
import { v7 } from 'uuid';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

const MiB = 1024 * 1024;
const root = join(import.meta.dirname, '..');
const home = `test-${process.pid}`;
const listen =
  'import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind("\\0airlock-wire"); s.listen(); c,_=s.accept()\n';
const echo = `${listen}while True:\n  b=c.recv(65536)\n  if not b: break\n  c.sendall(b)\ntime.sleep(1000)`;

let client: EngineClient;
let placement: Placement;
let image: string;
const started: PlacedContainer[] = [];

beforeAll(async () => {
  const { env, userHome, home: folder } = readConfig(root);
  const uid = process.getuid?.();
  const search = await findEngine({ env, platform: process.platform, userHome, uid });
  if (search.kind !== 'found') throw engineSearchError(search);
  client = createEngineClient(search.address);
  const usable = await ensureImage({
    client,
    engine: search.info,
    root,
    cacheFolder: join(folder, 'cache'),
    logFolder: join(folder, 'logs'),
    env,
    platform: process.platform,
    hostArch: process.arch,
    uid,
    onProgress: () => {},
  });
  image = usable.reference;
  placement = createLocalPlacement({ client, home });
}, 900_000);

afterEach(async () => {
  const mine = started.splice(0);
  for (const { id } of mine) await placement.remove(id);
  for (const { session } of mine) await placement.removeWorkspace(session);
});

function spec(more: Partial<ContainerSpec> = {}): ContainerSpec {
  const session = { session: idSchema.parse(v7()), tokenHash: 'a'.repeat(64), orphanMs: 600_000 };
  return { image, session, memoryBytes: 256 * MiB, workspaceBytes: 1024 * MiB, cpus: 1, ...more };
}

/** The container of a session with another program in the runner's place. */
async function startWith(python: string, wanted = spec()): Promise<string> {
  const config = containerConfig(wanted, home);
  const container = await client.createContainer({ ...config, Cmd: ['python3', '-c', python] });
  started.push({ id: container.id, session: wanted.session.session });
  await container.start();
  return container.id;
}

async function startSession(wanted = spec()): Promise<PlacedContainer> {
  const placed = await placement.start(wanted);
  started.push(placed);
  return placed;
}

async function processes(id: string): Promise<string[]> {
  const { Titles, Processes } = await client.getContainer(id).top({ ps_args: '-eo pid,args' });
  return Processes.map((row: string[]) => row[Titles.indexOf('COMMAND')] ?? '');
}

/** Waits for a change in the container by watching it, bounded by the test's own time-out. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()));
}

async function write(stream: Duplex, bytes: Buffer): Promise<void> {
  if (!stream.write(bytes)) await once(stream, 'drain');
}

describe('bridge()', () => {
  it('carries bytes both ways unchanged', async () => {
    const wire = await placement.bridge(await startWith(echo));
    const total = 32 * MiB;
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    const reading = (async () => {
      let bytes = 0;
      for await (const chunk of wire) {
        received.update(chunk);
        bytes += chunk.length;
        if (bytes === total) return;
      }
    })();
    for (let at = 0; at < total; at += MiB) {
      const chunk = randomBytes(MiB);
      sent.update(chunk);
      await write(wire, chunk);
    }
    await reading;
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  it('waits for a runner that is still starting', async () => {
    const wire = await placement.bridge(await startWith(`import time; time.sleep(0.5)\n${echo}`));
    wire.write('hello');
    expect(String((await once(wire, 'data'))[0])).toBe('hello');
    wire.destroy();
  });

  it('delivers what was written before its end, and ends', async () => {
    const id = await startWith(
      `${listen}n=0\nwhile True:\n  b=c.recv(65536)\n  if not b: break\n  n+=len(b)\nprint(n, file=sys.stderr)`,
    );
    const wire = await placement.bridge(id);
    wire.end(Buffer.alloc(MiB));
    expect(await text(wire)).toBe('');
    expect(await placement.waitExit(id, AbortSignal.timeout(10_000))).toEqual({
      kind: 'exited',
      code: 0,
      outOfMemory: false,
    });
    expect(await placement.lastWords(id)).toBe(String(MiB));
  });

  it('delivers what the runner wrote before it closed', async () => {
    const wire = await placement.bridge(
      await startWith(`${listen}c.sendall(b"x"*${MiB}); c.close(); time.sleep(1000)`),
    );
    expect((await text(wire)).length).toBe(MiB);
  });

  it('ends in the container when it is destroyed, also while its runner reads nothing', async () => {
    const id = await startWith(`${listen}time.sleep(1000)`);
    const wire = await placement.bridge(id);
    wire.on('error', () => {});
    // More than the socket takes, so that the bridge is left with some.
    wire.write(randomBytes(100 * 1024));
    await until(async () => (await processes(id)).includes('/app/bin/bridge'));
    wire.destroy();
    await until(async () => !(await processes(id)).includes('/app/bin/bridge'));
  });

  it('opens in a container that is out of pids', async () => {
    const bomb = `${echo.replace('c,_=s.accept()', 'import os\ntry:\n  while True:\n    if os.fork()==0: time.sleep(1000)\nexcept OSError: pass\nc,_=s.accept()')}`;
    const id = await startWith(bomb);
    await until(async () => (await processes(id)).length >= 512);
    const wire = await placement.bridge(id);
    wire.write('still here');
    expect(String((await once(wire, 'data'))[0])).toBe('still here');
    wire.destroy();
  });

  it('says that the container is gone', async () => {
    const id = await startWith('pass');
    await placement.waitExit(id, AbortSignal.timeout(10_000));
    await expect(placement.bridge(id)).rejects.toMatchObject({ code: 'container_lost' });
    await placement.remove(id);
    await expect(placement.bridge(id)).rejects.toMatchObject({ code: 'container_lost' });
  });
});

describe('look()', () => {
  it('sees a busy process, what it needs, and the limits of the container', async () => {
    const id = await startWith(`import time\nhold=bytearray(b"x")*${64 * MiB}\nwhile True: pass # \x1b[31mred`);
    await until(async () => (await placement.look(id)).memory.bytes > 64 * MiB);
    const { cpu, memory, pids, processes, isCut } = await placement.look(id);
    expect(cpu).toEqual({ cores: expect.any(Number), limit: 1 });
    expect(cpu.cores).toBeGreaterThan(0.1);
    expect(cpu.cores).toBeLessThan(1.5);
    expect(memory.limit).toBe(256 * MiB);
    expect(memory.bytes).toBeLessThan(100 * MiB);
    expect(pids).toEqual({ count: expect.any(Number), limit: 512 });
    expect([pids.count >= 2, isCut]).toEqual([true, false]);
    const [busy] = processes;
    expect(busy).toMatchObject({ name: 'python3', command: expect.stringMatching(/while True: pass # \?\[31mred$/) });
    expect(busy?.memoryBytes).toBeGreaterThan(64 * MiB);
    expect(processes.map(({ name }) => name).sort()).toEqual(['init', 'python3']);
  });

  it('sees into a container that is out of pids, and tells of a part of it', async () => {
    const bomb =
      'import os,time\ntry:\n  while True:\n    if os.fork()==0: time.sleep(1000)\nexcept OSError: pass\ntime.sleep(1000)';
    const id = await startWith(bomb);
    await until(async () => (await placement.look(id)).pids.count >= 512);
    expect(await placement.look(id)).toMatchObject({ processes: { length: 200 }, isCut: true });
  });

  it('says that a container stands still, or is gone', async () => {
    const id = await startWith(echo);
    await client.getContainer(id).pause();
    await expect(placement.look(id)).rejects.toMatchObject({ code: 'container_lost' });
    await client.getContainer(id).unpause();
    await client.getContainer(id).kill();
    await placement.waitExit(id, AbortSignal.timeout(10_000));
    await expect(placement.look(id)).rejects.toMatchObject({ code: 'container_lost' });
    await placement.remove(id);
    await expect(placement.look(id)).rejects.toMatchObject({ code: 'container_lost' });
    expect(await placement.log(id, 10)).toEqual([]);
  });

  it('reads what was printed, by whom, also once the container has ended', async () => {
    const id = await startWith('import sys\nprint("ready", flush=True)\nprint("claude| out of luck", file=sys.stderr)');
    await placement.waitExit(id, AbortSignal.timeout(10_000));
    const lines = await placement.log(id, 10);
    expect(lines.map(({ by, text }) => `${by}: ${text}`).sort()).toEqual(['claude: out of luck', 'runner: ready']);
    expect(await placement.log(id, 1)).toHaveLength(1);
    expect(await placement.lastWords(id)).toContain('claude| out of luck');
  });
});

describe('how a container ends', () => {
  it('tells a kill from outside', async () => {
    const id = await startWith(echo);
    expect(await placement.inspect(id)).toEqual({ kind: 'running' });
    const exit = placement.waitExit(id, AbortSignal.timeout(10_000));
    await client.getContainer(id).kill();
    expect(await exit).toEqual({ kind: 'exited', code: 137, outOfMemory: false });
  });

  it('tells that memory ran out', async () => {
    const id = await startWith('b=[]\nwhile True: b.append(bytearray(b"x")*10000000)');
    expect(await placement.waitExit(id, AbortSignal.timeout(20_000))).toEqual({
      kind: 'exited',
      code: 137,
      outOfMemory: true,
    });
  });

  it('ends at once when asked to', async () => {
    const id = await startWith(echo);
    const began = performance.now();
    await client.getContainer(id).stop({ t: 10 });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('stops waiting when told to', async () => {
    const abort = new AbortController();
    const exit = placement.waitExit(await startWith(echo), abort.signal);
    abort.abort(new Error('enough'));
    await expect(exit).rejects.toThrow('enough');
  });
});

describe('memory runs out in a tool', () => {
  it('kills the tool and spares the runner', async () => {
    const id = await startWith(`b=bytearray(100*${MiB})\nfor i in range(0,len(b),4096): b[i]=1\n${echo}`);
    const wire = await placement.bridge(id);
    // The tool is smaller than the program in the runner's place when memory ends.
    const tool = `python3 -c 'b=[]\nwhile True: b.append(bytearray(b"x")*1000000)'`;
    const exec = await execStream({ client, containerId: id, command: ['bash', '-c', tool], doing: 'Tool' });
    exec.end();
    await text(exec).catch(() => {});
    wire.write('alive');
    expect(String((await once(wire, 'data'))[0])).toBe('alive');
    expect(await placement.inspect(id)).toEqual({ kind: 'running' });
    wire.destroy();
  });
});

describe('sessions', () => {
  it('starts a runner, lists it, and removes it without a trace', async () => {
    const placed = await startSession();
    expect(await placement.inspect(placed.id)).toEqual({ kind: 'running' });
    expect(await placement.list()).toEqual([placed]);
    await placement.remove(placed.id);
    await placement.remove(placed.id);
    expect(await placement.listWorkspaces()).toContain(placed.session);
    await placement.removeWorkspace(placed.session);
    await placement.removeWorkspace(placed.session);
    expect(await placement.listWorkspaces()).not.toContain(placed.session);
    expect(await placement.list()).toEqual([]);
    expect(await placement.inspect(placed.id)).toEqual({ kind: 'missing' });
  });

  it('keeps the workspace for the next container of the session', async () => {
    const wanted = spec();
    const id = await startWith('open("/workspace/a","w").write("x"*3000000)', wanted);
    await placement.waitExit(id, AbortSignal.timeout(10_000));
    // Its stopped container is in the way of the name, and replaced.
    const next = await startSession(wanted);
    expect(next.id).not.toBe(id);
    expect(await placement.workspaceBytes(next.id)).toBeGreaterThanOrEqual(3_000_000);
    expect(await placement.inspect(id)).toEqual({ kind: 'missing' });
  });

  it('has more CPU while it starts, and its own share once it is settled', async () => {
    const eager = createLocalPlacement({ client, home, startCpus: 1.5 });
    const wanted = spec();
    const placed = await eager.start(wanted);
    started.push(placed);
    const share = async () => (await client.getContainer(placed.id).inspect()).HostConfig.NanoCpus;
    expect(await share()).toBe(1.5e9);
    await eager.settle(placed.id, 0.5);
    expect(await share()).toBe(0.5e9);
    await placement.remove(placed.id);
    await eager.settle(placed.id, 0.5);
  });

  it('does not start a session twice', async () => {
    const wanted = spec();
    await startSession(wanted);
    await expect(placement.start(wanted)).rejects.toMatchObject({ code: 'container_failed' });
  });

  it('names a missing image and leaves nothing behind', async () => {
    const wanted = spec({ image: 'airlock-worker:none' });
    await expect(placement.start(wanted)).rejects.toMatchObject({ code: 'image_missing' });
    const { Volumes } = await client.listVolumes({ filters: { label: [`airlock.home=${home}`] } });
    expect(Volumes ?? []).toEqual([]);
  });

  it('says that the engine is away', async () => {
    const away = createLocalPlacement({ client: createEngineClient({ kind: 'socket', path: '/nowhere.sock' }), home });
    await expect(away.list()).rejects.toMatchObject({ code: 'engine_unreachable' });
    await expect(away.start(spec())).rejects.toMatchObject({ code: 'engine_unreachable' });
  });
});
