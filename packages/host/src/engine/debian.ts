import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programEnvironment, type RunOptions, runProgram } from './run-program.ts';

/** Whether the text of `/etc/os-release` names Debian, Ubuntu or a child of theirs. */
export function isDebianLike(osRelease: string): boolean {
  const values = [...osRelease.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].map(([, value = '']) => value.replaceAll('"', ''));
  return values.flatMap((value) => value.split(/\s+/)).some((id) => id === 'debian' || id === 'ubuntu');
}

export async function readOsRelease(): Promise<string> {
  return await readFile('/etc/os-release', 'utf8').catch(() => '');
}

/** Full path of a program on the PATH (and the system's sbin folders), or undefined. */
export async function findProgram(name: string, env: RunOptions['env']): Promise<string | undefined> {
  for (const folder of (programEnvironment(env).PATH ?? '').split(':')) {
    const path = join(folder, name);
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
}

/** Installs Debian packages; needs root. Without the lists of a mirror they are fetched first. */
export async function aptInstall(packages: readonly string[], options: RunOptions): Promise<void> {
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2'];
  await runProgram('apt-get', ['update', '-q', ...wait], options);
  await runProgram('apt-get', ['install', '-qy', '--no-install-recommends', ...wait, ...packages], options);
}
