import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { cachesFolder } from '@airlock/protocol/caches';
import { AirlockError } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import { imagePaths } from '@airlock/protocol/image';
import { pack } from 'tar-stream';
import type { EngineClient } from '../engine/engine-client.ts';
import { toEngineError } from '../engine/engine-error.ts';
import type { Environment } from '../engine/run-program.ts';
import { containerLog } from '../placement/container-log.ts';
import { execText } from '../placement/exec.ts';
import { waitFor } from '../placement/wait-exit.ts';
import {
  authorities,
  authoritiesOf,
  cacheLabels,
  type FillLimits,
  type FillSpec,
  fillerConfig,
  scratch,
  scratchFolders,
} from './filler-config.ts';

export interface FillerOptions {
  readonly client: EngineClient;
  readonly home: string;
  /** Of the host: proxies, and where the certificates it trusts are. */
  readonly env: Environment;
  readonly limits: FillLimits;
}

const lookMs = 5_000;
/** The container ends its command itself; the host waits so much longer. */
const graceMs = 15_000;
const keptLines = 20;
const lineLength = 300;
const owner = { uid: 1000, gid: 1000 };

/** Makes the volume of a cache and runs the command in it; resolves with its size. Leaves nothing behind when it fails. */
export async function fillVolume(spec: FillSpec, options: FillerOptions, signal: AbortSignal): Promise<number> {
  const { client, home } = options;
  const volume = client.getVolume(spec.volume);
  try {
    await client.createVolume({ Name: spec.volume, Driver: 'local', Labels: cacheLabels(home, spec.id) });
    await prepare(spec, options);
    return await run(spec, options, signal);
  } catch (thrown) {
    // One that cannot be removed now is when the host starts next, or in an hour.
    await volume.remove({ force: true }).catch(() => undefined);
    if (thrown === signal.reason) throw thrown;
    throw toEngineError(thrown, `Cache ${spec.name}`, 'cache_unfillable');
  }
}

/**
 * Gives the volume to uid 1000, and puts in what the command needs. An engine makes volumes for root, and takes over the
 * owner of what the image has in the place: there is nothing at `/caches`, so a container that never runs has it elsewhere.
 */
async function prepare({ id, volume, image }: FillSpec, { client, home, env }: FillerOptions): Promise<void> {
  const path = authoritiesOf(env);
  const tar = pack();
  const base = imagePaths.workspace.slice(1);
  const folders = [base, `${base}/${scratch}`, ...scratchFolders.map((name) => `${base}/${scratch}/${name}`)];
  for (const name of folders) tar.entry({ name: `${name}/`, type: 'directory', mode: 0o755, ...owner });
  if (path !== undefined) {
    const certificates = await readFile(path).catch((error: Error) => {
      throw new AirlockError('cache_unfillable', `The certificates of this machine cannot be read: ${error.message}`);
    });
    tar.entry({ name: `${base}/${scratch}/${authorities}`, mode: 0o444, ...owner }, certificates);
  }
  tar.finalize();
  const helper = await client.createContainer({
    Image: image,
    Entrypoint: ['/nothing'],
    Labels: cacheLabels(home, id),
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      Mounts: [{ Type: 'volume', Source: volume, Target: imagePaths.workspace, ReadOnly: false }],
    },
  });
  try {
    await helper.putArchive(Readable.from(tar, { objectMode: false }), { path: dirname(imagePaths.workspace) });
  } finally {
    await helper.remove({ force: true });
  }
}

async function run(spec: FillSpec, options: FillerOptions, signal: AbortSignal): Promise<number> {
  const { client, limits } = options;
  const startedAt = performance.now();
  const container = await client.createContainer(fillerConfig(spec, options));
  const tooLarge = new AbortController();
  const late = AbortSignal.timeout(limits.ms + graceMs);
  const over = AbortSignal.any([signal, tooLarge.signal, late]);
  const ended = new AbortController();
  try {
    await container.start();
    void watchSize(container.id, spec, options, { ended: ended.signal, tooLarge });
    await waitFor('not-running', { client, containerId: container.id, signal: over });
    const { State } = await container.inspect();
    const lines = await printed(client, container.id);
    if (State.ExitCode !== 0) {
      const tookMs = performance.now() - startedAt;
      throw new AirlockError('cache_unfillable', failure(State, tookMs, limits, inWords(spec, lines)));
    }
    const bytes = sizeOf(lines.findLast((line) => /^\d+\t\.$/.test(line))) ?? 0;
    if (bytes > limits.bytes) throw tooMuch(spec, limits);
    return bytes;
  } catch (thrown) {
    if (thrown !== late.reason || !late.aborted) throw thrown;
    const words = inWords(spec, await printed(client, container.id));
    throw new AirlockError('cache_unfillable', failure({ ExitCode: 124 }, 0, limits, words));
  } finally {
    ended.abort();
    await container.remove({ force: true, v: true }).catch(() => undefined);
  }
}

interface Watching {
  readonly ended: AbortSignal;
  readonly tooLarge: AbortController;
}

/** Ends the command when there is too much. What cannot be measured now is in the next look, or at the end. */
async function watchSize(
  containerId: string,
  spec: FillSpec,
  { client, limits }: FillerOptions,
  { ended, tooLarge }: Watching,
): Promise<void> {
  const command = ['/bin/sh', '-c', `du -sk ${cachesFolder}/${spec.name} 2>/dev/null || true`];
  for (;;) {
    await delay(lookMs, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return;
    const said = await execText({ client, containerId, command, doing: 'Measuring a cache' }).catch(() => '');
    if ((sizeOf(said) ?? 0) > limits.bytes) tooLarge.abort(tooMuch(spec, limits));
  }
}

function sizeOf(line: string | undefined): number | undefined {
  const [kibibytes] = /^\d+(?=\s)/.exec(line ?? '') ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

function tooMuch({ name, fill }: FillSpec, { bytes }: FillLimits): AirlockError {
  return new AirlockError('cache_unfillable', `${name}: ${inShort(fill)} made more than ${sizeInWords(bytes)}`);
}

async function printed(client: EngineClient, containerId: string): Promise<string[]> {
  return (await containerLog(client, containerId, keptLines + 1)).map(({ text }) => text);
}

interface Words {
  readonly what: string;
  /** What it printed last. */
  readonly last: string;
}

function inWords({ name, fill }: FillSpec, lines: readonly string[]): Words {
  const last = lines
    .slice(-keptLines)
    .map((line) =>
      stripVTControlCharacters(line)
        .replaceAll(/\p{Cc}/gu, ' ')
        .slice(0, lineLength),
    )
    .join('\n');
  return {
    what: `${name}: ${inShort(fill)}`,
    last: last === '' ? '. It printed nothing' : `. It printed last:\n${last}`,
  };
}

/** How the command failed; 124 and 137 are how `timeout` tells that it ended it. */
function failure(
  { ExitCode, OOMKilled = false }: { readonly ExitCode: number; readonly OOMKilled?: boolean },
  tookMs: number,
  { ms }: FillLimits,
  { what, last }: Words,
): string {
  if (OOMKilled) return `${what} used more than 2 GiB of memory${last}`;
  if (ExitCode === 124 || (ExitCode === 137 && tookMs >= ms)) {
    return `${what} did not end within ${ms < 120_000 ? `${ms / 1000} s` : `${Math.round(ms / 60_000)} minutes`}${last}`;
  }
  return `${what} ended with code ${ExitCode} after ${Math.round(tookMs / 1000)} s${last}`;
}

function inShort(fill: readonly string[]): string {
  const text = fill.join(' ');
  return `\`${text.length > 200 ? `${text.slice(0, 199)}…` : text}\``;
}
