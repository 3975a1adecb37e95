import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import type { Config } from './config.ts';
import type { EngineInfo } from './engine/engine.ts';
import { requirePort } from './port.ts';
import { gitText } from './repositories/git.ts';
import { openStore } from './store/store.ts';
import { explain } from './terminal.ts';

export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix?: string;
}

/** What the checks ask of parts that need an engine. */
export interface DoctorParts {
  /** Rejects with the reason when there is none, or no right to use it. */
  readonly engine: () => Promise<EngineInfo>;
  /** The worker image in use and whether the engine has it. */
  readonly image: () => Promise<{ reference: string; digest?: string }>;
  /** Whether the host of this installation is running and holds the port. */
  readonly running: boolean;
}

const gibibyte = 1024 ** 3;
const wantedMemory = 8 * gibibyte;
const wantedDisk = 10 * gibibyte;

/** Checks everything a start needs; never rejects. */
export async function examine(config: Config, parts: DoctorParts): Promise<Check[]> {
  const engine = await outcome('engine', async () => {
    const info = await parts.engine();
    return { info, detail: `${info.name} ${info.version} at ${info.address}` };
  });
  const checks = [
    node(),
    engine.check,
    memory(engine.value?.info.memoryBytes ?? totalmem()),
    await disk(config.home),
    engine.value ? (await outcome('image', () => image(parts))).check : blocked('image'),
    ...(await model(config)),
    ...secrets(config),
    await git(config),
    (await outcome('port', () => port(config, parts.running))).check,
    await store(config.home),
  ];
  return checks;
}

async function outcome<T extends { detail: string }>(name: string, look: () => Promise<T>) {
  try {
    const value = await look();
    return { value, check: { name, state: 'ok', detail: value.detail } satisfies Check };
  } catch (thrown) {
    const error = explain(thrown);
    const { title, detail, fix } = error.toBody();
    const check: Check = { name, state: 'fail', detail: `${title}: ${detail}`, fix };
    return { value: undefined, check, error };
  }
}

function blocked(name: string): Check {
  return { name, state: 'fail', detail: 'Cannot be checked without an engine', fix: 'Correct the engine first' };
}

function node(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 24) return { name: 'node', state: 'ok', detail: process.version };
  return { name: 'node', state: 'fail', detail: `${process.version} is too old`, fix: 'Run `npm ci`, which brings 24' };
}

function memory(bytes: number): Check {
  const detail = `${(bytes / gibibyte).toFixed(1)} GiB for containers`;
  if (bytes >= wantedMemory * 0.95) return { name: 'memory', state: 'ok', detail };
  const fix = 'Give the machine (or the virtual machine of the engine) 8 GB: each open session may use 1 GB';
  return { name: 'memory', state: 'warn', detail, fix };
}

async function disk(home: string): Promise<Check> {
  const { bavail, bsize } = await statfs(existing(home));
  const free = bavail * bsize;
  const detail = `${(free / gibibyte).toFixed(1)} GiB free at ${home}`;
  if (free >= wantedDisk) return { name: 'disk', state: 'ok', detail };
  const state = free >= gibibyte ? 'warn' : 'fail';
  return { name: 'disk', state, detail, fix: 'Free some space: images, logs and workspaces want 10 GB' };
}

async function image(parts: DoctorParts): Promise<{ detail: string }> {
  const { reference, digest } = await parts.image();
  if (digest === undefined) throw new AirlockError('image_missing', `${reference} is not there`);
  return { detail: reference };
}

async function model(config: Config): Promise<Check[]> {
  if (config.model.kind === 'simulated') {
    const fix = 'Set ANTHROPIC_API_KEY in .env to talk to Claude';
    return [
      { name: 'key', state: 'warn', detail: 'None is set, so replies are simulated', fix },
      { name: 'model', state: 'ok', detail: 'Simulated on this machine' },
    ];
  }
  const { baseUrl, key } = config.model;
  try {
    const response = await fetch(new URL('/v1/models?limit=1', baseUrl), {
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      signal: AbortSignal.timeout(5_000),
    });
    await response.body?.cancel();
    const reached: Check = { name: 'model', state: 'ok', detail: `${baseUrl} answers` };
    if (response.status === 401 || response.status === 403) {
      const fix = 'Correct ANTHROPIC_API_KEY in .env and restart';
      return [{ name: 'key', state: 'fail', detail: `Refused with status ${response.status}`, fix }, reached];
    }
    return [{ name: 'key', state: 'ok', detail: 'Accepted' }, reached];
  } catch (error) {
    const reason = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : '';
    const fix = 'Check the network and ANTHROPIC_BASE_URL';
    return [
      { name: 'key', state: 'warn', detail: 'Set, but could not be tried' },
      { name: 'model', state: 'fail', detail: `${baseUrl} does not answer: ${reason}`, fix },
    ];
  }
}

/** Names and hosts, never a value. */
function secrets({ secrets }: Config): Check[] {
  if (secrets.size === 0) return [];
  const each = [...secrets].map(([name, { hosts }]) => `${name} for ${hosts.join(', ')}`);
  return [{ name: 'secrets', state: 'ok', detail: each.sort().join('; ') }];
}

/** Wanted by sessions that begin with a repository, and by nothing else. */
async function git({ env, home }: Config): Promise<Check> {
  const found = await gitText(['version'], { env, folder: existing(home) }).catch(() => undefined);
  if (found !== undefined) return { name: 'git', state: 'ok', detail: found.trim() };
  const fix = 'Install git on this machine, if sessions are to begin with a repository';
  return { name: 'git', state: 'warn', detail: 'It is not there', fix };
}

async function port(config: Config, running: boolean): Promise<{ detail: string }> {
  if (running) return { detail: `${config.port} is served by Airlock` };
  await requirePort(config);
  return { detail: `${config.host}:${config.port} is free` };
}

async function store(home: string): Promise<Check> {
  const path = join(home, 'airlock.db');
  const place = existing(home);
  const mayWrite = await access(place, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!mayWrite) {
    const fix = 'Set AIRLOCK_HOME to a folder you may write to';
    return { name: 'store', state: 'fail', detail: `No right to write to ${place}`, fix };
  }
  if (!existsSync(path)) return { name: 'store', state: 'ok', detail: `${path} will be made at the first start` };
  const { check, error } = await outcome('store', async () => {
    const opened = await openStore(path);
    await opened.close();
    return { detail: path };
  });
  if (error?.code !== 'store_unusable') return check;
  return { ...check, fix: `Restore a copy of ${path}, or move it away to begin anew` };
}

/** The folder itself, or the nearest one above it that is there. */
function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder));
}
