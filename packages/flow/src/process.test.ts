import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@airlock/protocol/json';
import { type FromService, fromServiceSchema, type ToService } from '@airlock/protocol/service-channel';
import { afterEach, describe, expect, it } from 'vitest';

const entry = fileURLToPath(new URL('./process.ts', import.meta.url));
const fixture = fileURLToPath(new URL('./process/service.fixture.ts', import.meta.url));
const broken = fileURLToPath(new URL('./form.ts', import.meta.url));
const executions = ['01900000-0000-7000-8000-00000000000a', '01900000-0000-7000-8000-00000000000b'] as const;

/** A service process and what it has sent. */
class Started {
  readonly process: ChildProcess;
  readonly exit: Promise<unknown[]>;
  readonly sent: FromService[] = [];
  #waiting: { match(message: FromService): boolean; resolve(message: FromService): void }[] = [];

  constructor(path: string, origin: string | undefined) {
    // The cache saves each start the stripping of types.
    const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'airlock-test-compile-cache') };
    this.process = fork(entry, origin === undefined ? [path] : [path, origin], { execArgv: [], stdio: 'pipe', env });
    this.exit = once(this.process, 'exit');
    this.process.on('message', (raw) => {
      const message = fromServiceSchema.parse(raw);
      this.sent.push(message);
      for (const { resolve } of this.#waiting.filter(({ match }) => match(message))) resolve(message);
    });
  }

  async until<T extends FromService['type']>(type: T, part = ''): Promise<Extract<FromService, { type: T }>> {
    const match = (message: FromService): message is Extract<FromService, { type: T }> =>
      message.type === type && JSON.stringify(message).includes(part);
    const there = this.sent.find(match);
    if (there !== undefined) return there;
    const { promise, resolve } = Promise.withResolvers<FromService>();
    this.#waiting.push({ match, resolve });
    const message = await promise;
    return match(message) ? message : this.until(type, part);
  }

  send(message: JsonObject): void {
    this.process.send(message satisfies JsonObject);
  }

  run(execution: string, mode: string, log: Partial<Extract<ToService, { type: 'run' }>> = {}): void {
    this.process.send({ type: 'run', execution, inputs: { mode }, calls: [], outcomes: [], ...log });
  }
}

let started: Started | null = null;

async function start(path = fixture, origin?: string): Promise<Started> {
  started = new Started(path, origin);
  await Promise.race([started.until('manifest'), started.until('unusable')]);
  return started;
}

afterEach(async () => {
  started?.process.kill('SIGKILL');
  await started?.exit;
  started = null;
});

describe('a service process', () => {
  it('sends its manifest, and ends when the channel does', async () => {
    const service = await start();
    expect(service.sent[0]).toMatchObject({ type: 'manifest', manifest: { name: 'fixture', version: '0.1.0' } });
    service.process.disconnect();
    expect(await service.exit).toEqual([0, null]);
  });

  it('says why a module does not load, and ends', async () => {
    const missing = await start('/nowhere/service.ts');
    expect(missing.sent[0]).toMatchObject({ type: 'unusable', error: { code: 'service_not_loaded' } });
    expect(await missing.exit).toEqual([1, null]);
    const other = await start(broken);
    expect(other.sent[0]).toMatchObject({
      error: { detail: `${broken} has no default export made with defineService` },
    });
    await other.exit;
  });

  it('gives a bundle elsewhere the Airlock it runs in, and packages from where its source is', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'airlock-process-'));
    try {
      for (const folder of ['source/node_modules/tagger', 'elsewhere'])
        mkdirSync(join(dir, folder), { recursive: true });
      writeFileSync(
        join(dir, 'source/node_modules/tagger/index.js'),
        "module.exports = ['found', require('./more.js')];",
      );
      writeFileSync(join(dir, 'source/node_modules/tagger/more.js'), "module.exports = 'below';");
      const bundle = join(dir, 'elsewhere/bundle.mjs');
      writeFileSync(
        bundle,
        `import { form } from '@airlock/flow/form';
         import { defineService } from '@airlock/flow/service';
         import { createRequire } from 'node:module';
         import tags from 'tagger';
         if (createRequire(import.meta.url)('tagger') !== tags) throw new Error('another');
         export default defineService({
           name: 'bundle', title: '', description: '', version: '1', tags, form: form({}), run: async () => 'done',
         });`,
      );
      const service = await start(bundle, join(dir, 'source'));
      expect(service.sent[0]).toMatchObject({ type: 'manifest', manifest: { tags: ['found', 'below'] } });
      service.process.disconnect();
      expect(await service.exit).toEqual([0, null]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('serves several executions at once, and tells their output apart', async () => {
    const service = await start();
    const [a, b] = executions;
    service.run(a, 'print a');
    service.run(b, 'print b');
    const now = { ok: true, value: 0 };
    await Promise.all(
      executions.map((execution) => service.until('call', `"execution":"${execution}","key":"main/now`)),
    );
    service.send({ type: 'outcome', execution: b, key: 'main/now/#0', outcome: now });
    service.send({ type: 'outcome', execution: a, key: 'main/now/#0', outcome: now });
    await Promise.all(executions.map((execution) => service.until('finished', execution)));
    const printed = service.sent.flatMap((message) =>
      message.type === 'call' && message.call.kind === 'log'
        ? [[message.execution, message.key, message.call.text]]
        : [],
    );
    expect(printed).toEqual([
      [a, 'io/log/stdout#0.0', 'print a first\n'],
      [b, 'io/log/stdout#0.0', 'print b first\n'],
      [b, 'io/log/stderr#1.0', 'print b second\n'],
      [a, 'io/log/stderr#1.0', 'print a second\n'],
    ]);
  });

  it.each(['throw in a timer', 'reject unawaited'])('ends only the execution at fault: %s', async (mode) => {
    const service = await start();
    const [faulty, healthy] = executions;
    service.run(faulty, mode);
    const failed = await service.until('failed');
    expect(failed).toMatchObject({ execution: faulty, error: { code: 'service_failed', detail: mode } });
    service.run(healthy, 'end');
    expect(await service.until('finished')).toMatchObject({ execution: healthy });
  });

  it('notes the failure of a call nobody awaited, and goes on', async () => {
    const service = await start();
    const [execution] = executions;
    service.run(execution, 'lock unawaited');
    const { key } = await service.until('call', '"kind":"lock"');
    const error = { code: 'request_expired', title: '', detail: 'too late', fix: '' };
    service.send({ type: 'outcome', execution, key, outcome: { ok: false, error } });
    const note = await service.until('call', 'nobody awaited');
    expect(note).toMatchObject({ call: { kind: 'log', event: 'debug' } });
    service.send({ type: 'outcome', execution, key: 'main/now/#0', outcome: { ok: true, value: 0 } });
    await service.until('finished');
  });

  it('says nothing of calls nobody awaited whose branch has lost', async () => {
    const service = await start();
    const [execution] = executions;
    service.run(execution, 'lose unawaited');
    await service.until('call', 'main.race0.1/now/#0');
    const deliver = (key: string, outcome: JsonObject) => service.send({ type: 'outcome', execution, key, outcome });
    deliver('main.race0.1/now/#0', { ok: true, value: 0 });
    const { call } = await service.until('call', '"kind":"race"');
    expect(call).toMatchObject({ losers: ['main.race0.0/lock/asked#0', 'main.race0.0/lock/other#0'] });
    const error = { code: 'withdrawn', title: '', detail: 'Another was first', fix: '' };
    deliver('main.race0.0/lock/asked#0', { ok: false, error });
    deliver('main.race0.0/lock/other#0', { ok: false, error });
    deliver('main/race/#0', { ok: true, value: null });
    await service.until('call', '"key":"main/now/#0"');
    deliver('main/now/#0', { ok: true, value: 0 });
    await service.until('finished');
    expect(service.sent.filter((message) => message.type === 'call' && message.call.kind === 'log')).toEqual([]);
  });

  it('only notes the faults of a branch that has lost', async () => {
    const service = await start();
    const [execution] = executions;
    service.run(execution, 'lose and fault');
    await service.until('call', 'main.race0.1/now/#0');
    const deliver = (key: string, outcome: JsonObject) => service.send({ type: 'outcome', execution, key, outcome });
    deliver('main.race0.1/now/#0', { ok: true, value: 0 });
    await service.until('call', '"kind":"race"');
    service.send({ type: 'step', execution, key: 'main.race0.0/step/work#0', attempt: 1 });
    await service.until('call', 'step fault');
    const error = { code: 'withdrawn', title: '', detail: 'Another was first', fix: '' };
    for (const key of ['lock/other#0', 'lock/asked#0', 'step/work#0']) {
      deliver(`main.race0.0/${key}`, { ok: false, error });
    }
    deliver('main/race/#0', { ok: true, value: null });
    await service.until('call', 'other fault');
    await service.until('call', 'timer fault');
    await service.until('call', '"key":"main/now/#0"');
    deliver('main/now/#0', { ok: true, value: 0 });
    await service.until('finished');
    const notes = service.sent.filter((message) => message.type === 'call' && message.call.kind === 'log');
    expect(notes.map((note) => note.type === 'call' && note.call)).toEqual(
      Array(3).fill(expect.objectContaining({ kind: 'log', event: 'debug' })),
    );
  });

  it('runs attempts of a step, each once, and stores what each prints under its number', async () => {
    const service = await start();
    const [execution] = executions;
    const key = 'main/step/work#0';
    const begin = (attempt: number) => service.send({ type: 'step', execution, key, attempt });
    service.run(execution, 'step');
    begin(1);
    begin(1);
    expect(await service.until('stepped')).toMatchObject({ key, attempt: 1, outcome: { ok: true, value: 'step' } });
    begin(2);
    await service.until('stepped', '"attempt":2');
    service.send({ type: 'outcome', execution, key, outcome: { ok: true, value: 'step' } });
    begin(3);
    await service.until('finished');
    const printed = service.sent.flatMap((message) =>
      message.type === 'call' && message.call.kind === 'log' ? [message.key] : [],
    );
    expect(printed).toEqual([`io/log/stdout#step:${key}.1.0`, `io/log/stdout#step:${key}.2.0`]);
    expect(service.sent.filter(({ type }) => type === 'stepped')).toHaveLength(2);
  });

  it('answers a ping while executions run', async () => {
    const service = await start();
    service.run(executions[0], 'step');
    service.send({ type: 'ping', n: 7 });
    expect(await service.until('pong')).toEqual({ type: 'pong', n: 7 });
  });

  it('answers a lease, and says so when it does not run the execution', async () => {
    const service = await start();
    const [execution, other] = executions;
    service.run(execution, 'lease');
    const { key } = await service.until('call', '"kind":"lock"');
    service.send({ type: 'lease', id: '1', execution, key, inputs: { word: 'no' } });
    const refused = { ok: false, error: { code: 'invalid_inputs', fields: { word: ['Not no'] } } };
    expect(await service.until('leased', '"id":"1"')).toMatchObject({ outcome: refused });
    service.send({ type: 'lease', id: '2', execution, key, inputs: { word: 'yes' } });
    expect(await service.until('leased', '"id":"2"')).toMatchObject({ outcome: { ok: true, value: 3 } });
    service.send({ type: 'lease', id: '3', execution: other, key, inputs: { word: 'yes' } });
    const unknown = { ok: false, error: { code: 'service_unavailable' } };
    expect(await service.until('leased', '"id":"3"')).toMatchObject({ outcome: unknown });
  });

  it('fails the execution a malformed message is for, and survives one that is for none', async () => {
    const service = await start();
    const [execution] = executions;
    service.send({ type: 'nonsense' });
    service.send({ type: 'run', execution, inputs: 3 });
    expect(await service.until('failed')).toMatchObject({ execution, error: { code: 'internal' } });
  });

  it('sends nothing more of a forgotten execution', async () => {
    const service = await start();
    const [execution, other] = executions;
    service.run(execution, 'lease');
    await service.until('call', '"kind":"lock"');
    service.send({ type: 'forget', execution });
    service.run(other, 'end');
    await service.until('finished');
    expect(service.sent.filter((message) => 'execution' in message && message.execution === execution)).toHaveLength(1);
  });
});
