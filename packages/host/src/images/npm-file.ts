import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Environment, runProgram } from '../engine/run-program.ts';

export interface NpmFileOptions {
  /** Of the project, whose installed packages are looked at first. */
  readonly root: string;
  readonly cacheFolder: string;
  readonly env: Environment;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A file of an npm package made for Linux. */
export interface NpmFile {
  readonly name: string;
  readonly version: string;
  /** The engine's, in Node's words. */
  readonly arch: string;
  readonly file: string;
}

/**
 * Path of the file: in the project's own packages, else in our cache, else fetched into it with npm. On macOS, or with
 * an engine of another architecture, the Linux packages are not among the project's.
 */
export async function findNpmFile(wanted: NpmFile, options: NpmFileOptions): Promise<string> {
  const folder = join(options.cacheFolder, 'npm', `${wanted.name.replaceAll('/', '+')}@${wanted.version}`);
  const own = join(options.root, 'node_modules', wanted.name, wanted.file);
  const cached = join(folder, 'node_modules', wanted.name, wanted.file);
  for (const path of [own, cached]) if (await exists(path)) return path;
  const target = ['--os', 'linux', '--cpu', wanted.arch, '--libc', 'glibc'];
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--force'];
  await runProgram('npm', ['install', '--prefix', folder, ...quiet, ...target, `${wanted.name}@${wanted.version}`], {
    env: options.env,
    onLine: options.onLine,
    failure: 'image_build_failed',
    signal: options.signal,
  });
  return cached;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
