import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import { aptInstall, findProgram } from '../engine/debian.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import { toEngineError } from '../engine/engine-error.ts';
import { type Environment, programEnvironment, runProgram } from '../engine/run-program.ts';
import { readMessages } from './engine-messages.ts';

export interface DebootstrapOptions {
  readonly client: EngineClient;
  /** Name and tag the image gets. */
  readonly repository: string;
  readonly tag: string;
  readonly cacheFolder: string;
  readonly env: Environment;
  readonly onLine: (line: string) => void;
  readonly onProgress: (detail: string, percent?: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const mirror = 'http://deb.debian.org/debian';
const suite = 'bookworm';
/** Lines debootstrap writes for a minimal bookworm; only the progress shown depends on it. */
const usualLines = 470;
const sources = [
  `deb ${mirror} ${suite} main`,
  `deb ${mirror} ${suite}-updates main`,
  `deb http://deb.debian.org/debian-security ${suite}-security main`,
];

/** Makes a minimal Debian image out of Debian's packages, without a registry. Needs root on a Debian-like Linux. */
export async function debootstrapImage(options: DebootstrapOptions): Promise<void> {
  const run = {
    env: options.env,
    onLine: options.onLine,
    failure: 'image_build_failed',
    signal: options.signal,
  } as const;
  if ((await findProgram('debootstrap', options.env)) === undefined) {
    options.onProgress('installing debootstrap');
    await aptInstall(['debootstrap', 'debian-archive-keyring'], run);
  }
  await mkdir(options.cacheFolder, { recursive: true });
  const folder = await mkdtemp(join(options.cacheFolder, 'base-'));
  try {
    let lines = 0;
    const onLine = (line: string): void => {
      lines += 1;
      options.onLine(line);
      options.onProgress(line.replace(/^I: /, ''), Math.min(99, Math.floor((100 * lines) / usualLines)));
    };
    // In mounts of its own: whatever debootstrap mounts is gone when it is, also when it was killed.
    const command = `umask 022; exec debootstrap --variant=minbase ${suite} "$0" ${mirror}`;
    const target = join(folder, 'root');
    await runProgram('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', command, target], {
      ...run,
      onLine,
    });
    await writeFile(join(target, 'etc/apt/sources.list'), `${sources.join('\n')}\n`);
    options.onProgress('importing', 99);
    await importFolder(target, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const leftOut = [
  './proc/*',
  './sys/*',
  './dev/*',
  './run/*',
  './var/cache/apt/*.bin',
  './var/cache/apt/archives/*.deb',
  './var/lib/apt/lists/*_*',
];

async function importFolder(folder: string, options: DebootstrapOptions): Promise<void> {
  const args = ['--numeric-owner', ...leftOut.map((pattern) => `--exclude=${pattern}`), '-C', folder, '-c', '.'];
  const tar = spawn('tar', args, { env: programEnvironment(options.env), stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve) => {
    tar.once('error', () => resolve(null)).once('close', resolve);
  });
  try {
    const answer = await options.client.importImage(tar.stdout, { repo: options.repository, tag: options.tag });
    await readMessages(Readable.from(answer, { objectMode: false }), () => {});
  } catch (thrown) {
    throw toEngineError(thrown, 'Importing the base image', 'image_build_failed');
  }
  if ((await ended) !== 0) throw new AirlockError('image_build_failed', `tar could not read ${folder}`);
}
