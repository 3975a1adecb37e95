import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Id, idSchema } from '@airlock/protocol/ids';
import type { FromService } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { inProcessBundler } from '../versions/fixtures/in-process-bundler.ts';
import { createVersioning, type Versioning } from '../versions/versioning.ts';
import { ManualTime } from './pool/fixtures/manual-time.ts';
import { faulty, ServicesDir } from './pool/fixtures/services-dir.ts';
import { createServices, type Replica, type Services } from './services.ts';

const host = fileURLToPath(new URL('./pool/fixtures/host.ts', import.meta.url));
const minutes = 60_000;

let folder: ServicesDir;
let time: ManualTime;
let services: Services;
let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let versioning: Versioning;
let said: Array<{ replica: Replica; message: FromService }>;
let downs: Array<{ service: string; executions: readonly string[]; reason: string }>;
let warnings: string[];
let look: Set<() => void>;

beforeEach(async () => {
  folder = new ServicesDir();
  folder.write('single', faulty('single', 1));
  folder.write('pair', faulty('pair', 2));
  time = new ManualTime();
  said = [];
  downs = [];
  warnings = [];
  look = new Set();
  temporary = await temporaryStore();
  versioning = {
    ...createVersioning({ store: temporary.store, clock: () => new Date(), dir: join(folder.dir, 'cache'), env: {} }),
    bundler: inProcessBundler,
  };
  services = createServices({
    ...versioning,
    dir: folder.dir,
    env: folder.env,
    time,
    logger: { info: () => undefined, warn: (_fields, text) => see(warnings, text) },
    onMessage: (_service, replica, message) => see(said, { replica, message }),
    onDown: (service, executions, reason) => see(downs, { service, executions, reason }),
  });
  await services.ready;
});
afterEach(async () => {
  await services.stop();
  await folder.alive(0);
  await temporary.remove();
  folder.remove();
});

function see<T>(list: T[], item: T): void {
  list.push(item);
  for (const each of look) each();
}

/** Resolves with what `find` finds, now or when something more has been seen. */
function until<T>(find: () => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const each = () => {
      const found = find();
      if (found === undefined) return;
      look.delete(each);
      resolve(found);
    };
    look.add(each);
    each();
  });
}

const newExecution = () => idSchema.parse(newId());

async function run(service: string, mode: string, { execution = newExecution(), other = '' } = {}) {
  const replica = await services.assign(service, null, execution);
  replica.send({ type: 'run', execution, inputs: { mode, other }, calls: [], outcomes: [] });
  return { execution, replica };
}

const shown = (execution: Id) =>
  until(() => said.find(({ message }) => message.type === 'call' && message.execution === execution));
const downOf = (execution: string) => until(() => downs.find(({ executions }) => executions.includes(execution)));

/** Resolves when the process has answered everything it was sent before. */
async function roundTrip(replica: Replica): Promise<void> {
  const id = newId();
  replica.send({ type: 'lease', id, execution: newExecution(), key: '', inputs: {} });
  await until(() => said.find(({ message }) => message.type === 'leased' && message.id === id));
}

describe('services.assign()', () => {
  it('V1. spreads executions over the processes, and gives the same again', async () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'] as const;
    const [first, second] = await Promise.all([services.assign('pair', null, a), services.assign('pair', null, b)]);
    expect(first.id).not.toBe(second.id);
    expect(await services.assign('pair', null, a)).toBe(first);
    await services.assign('pair', null, c);
    services.release(b);
    expect(await services.assign('pair', null, d)).toBe(second);
    expect([services.of(a), services.of(b), services.of(d)]).toEqual([first, undefined, second]);
    await folder.alive(3);
  });

  it('rejects for a service that is not there, or has never loaded', async () => {
    await expect(services.assign('nothing', null, 'a')).rejects.toMatchObject({ code: 'not_found' });
    folder.write('broken', 'export default 42;');
    const others = createServices({ ...quiet(), ...versioning, dir: folder.dir, env: folder.env, time });
    await others.ready;
    await expect(others.assign('broken', null, 'a')).rejects.toMatchObject({ code: 'service_not_loaded' });
    expect(await others.get('broken')).toMatchObject({
      state: 'unusable',
      problem: expect.stringContaining('no default'),
    });
    await others.stop();
    await expect(others.assign('single', null, 'a')).rejects.toMatchObject({ code: 'host_stopping' });
  });
});

describe('what a process says', () => {
  it('V1. is handed on only for the executions in it', async () => {
    const victim = await run('pair', 'wait');
    await shown(victim.execution);
    const liar = await run('pair', 'impersonate', { other: victim.execution });
    await shown(liar.execution);
    expect(liar.replica.id).not.toBe(victim.replica.id);
    expect(said.filter(({ message }) => message.type === 'finished')).toEqual([]);
  });

  it('ends it when it cannot be read', async () => {
    const { execution } = await run('single', 'gibberish');
    expect(await downOf(execution)).toMatchObject({ reason: 'it sent a message that cannot be read' });
  });
});

describe('a process nobody needs', () => {
  it('V2. is stopped after five minutes, also the last, and started again on demand', async () => {
    const { execution, replica } = await run('single', 'wait');
    time.stall(4 * minutes);
    services.release(execution);
    expect(services.of(execution)).toBeUndefined();
    time.stall(5 * minutes - 1);
    expect(replica.isUp).toBe(true);
    await services.assign('pair', null, 'needed');
    time.advance(1);
    expect(replica.isUp).toBe(false);
    await folder.alive(1);
    expect(services.current('single').manifest).toMatchObject({ name: 'single', policy: { replicas: 1 } });
    const again = await services.assign('single', null, execution);
    expect([again.isUp, again.id === replica.id]).toEqual([true, false]);
    expect(downs).toEqual([]);
  });
});

describe('a crash', () => {
  it('V3. costs only the executions of that process their place', async () => {
    const survivor = await run('pair', 'wait');
    const { execution } = await run('pair', 'exit');
    expect(await downOf(execution)).toEqual({ service: 'pair', executions: [execution], reason: 'exit code 3' });
    expect(services.of(execution)).toBeUndefined();
    expect(await services.assign('pair', null, execution)).toBe(survivor.replica);
  });

  it('V3. is followed by a pause, then by the next process', async () => {
    const { execution } = await run('single', 'exit');
    await downOf(execution);
    let isThere = false;
    const next = services.assign('single', null, execution).then((replica) => {
      isThere = true;
      return replica;
    });
    await Promise.all([services.assign('pair', null, 'a'), services.assign('pair', null, 'b')]);
    time.advance(199);
    await folder.alive(2);
    expect(isThere).toBe(false);
    time.advance(1);
    expect((await next).isUp).toBe(true);
  });

  it('V3. waits for a module that no longer loads, and refuses launches with the reason', async () => {
    const { execution } = await run('single', 'exit');
    await downOf(execution);
    folder.isBroken = true;
    const next = services.assign('single', null, execution);
    time.advance(200);
    await until(() => warnings.find((text) => text === 'Service does not load'));
    expect(() => services.current('single')).toThrowError(/Not today/);
    folder.isBroken = false;
    await until(() => warnings.filter((text) => text === 'Service process ended')[1]);
    time.advance(400);
    expect((await next).isUp).toBe(true);
    expect(services.current('single').manifest.name).toBe('single');
  });

  it('says so when the memory was full', async () => {
    const { execution } = await run('single', 'oom');
    expect(await downOf(execution)).toMatchObject({ reason: 'out of memory, its heap had grown to 256 MiB' });
  });

  it('takes what the process had started with it', async () => {
    const { execution, replica } = await run('single', 'child');
    await shown(execution);
    replica.send({ type: 'run', execution, inputs: { mode: 'exit' }, calls: [], outcomes: [] });
    await downOf(execution);
    await folder.alive(1);
  });
});

describe('a process that does not return', () => {
  it('I1. is killed, and one that answers is not', async () => {
    const healthy = await run('pair', 'wait');
    const { execution } = await run('single', 'spin');
    await shown(execution);
    while (downs.length === 0) {
      time.advance(5_000);
      await roundTrip(healthy.replica);
    }
    expect(await downOf(execution)).toMatchObject({ reason: 'no answer for 15 s, its code does not return' });
    time.advance(30_000);
    expect(healthy.replica.isUp).toBe(true);
    expect(downs).toHaveLength(1);
  });
});

describe('executions that still wait for a process', () => {
  it('get one that is down when they are released, and an error when all stops', async () => {
    const { execution } = await run('single', 'exit');
    await downOf(execution);
    const [released, stopped] = [services.assign('single', null, 'a'), services.assign('single', null, 'b')];
    services.release('a');
    expect((await released).isUp).toBe(false);
    const refused = expect(stopped).rejects.toMatchObject({ code: 'host_stopping' });
    await services.stop();
    await refused;
  });
});

describe('a host that is killed', () => {
  it.each(['wait', 'spin', 'child'])('leaves no process behind: %s', async (mode) => {
    await services.stop();
    await folder.alive(0);
    const started = fork(host, [folder.dir, JSON.stringify(folder.env), mode], { execArgv: [] });
    await once(started, 'message');
    started.kill('SIGKILL');
    await folder.alive(0);
    expect(await folder.alive(0)).toBeUndefined();
  });
});

function quiet(): Pick<Parameters<typeof createServices>[0], 'logger' | 'onMessage' | 'onDown'> {
  const nothing = () => undefined;
  return { logger: { info: nothing, warn: nothing }, onMessage: nothing, onDown: nothing };
}
