import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Settings } from '../settings.ts';
import { startProgress, type Terminal } from '../terminal.ts';
import { runProgram } from './host-process.ts';

const isTest = /\.test\.tsx?$/;

/** Every file the panel is built from, in a fixed order. */
function inputs(root: string): string[] {
  const panel = join(root, 'packages', 'panel');
  const single = [
    join(root, 'package-lock.json'),
    ...['package.json', 'index.html', 'vite.config.ts'].map((name) => join(panel, name)),
  ];
  const folders = [join(panel, 'src'), join(panel, 'public'), join(root, 'packages', 'protocol', 'src')];
  const found = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !isTest.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...single.filter(existsSync), ...found.sort()];
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Builds the panel when it was never built or its sources changed; otherwise only compares a hash. */
export async function ensurePanel(settings: Settings, terminal: Terminal): Promise<void> {
  const panel = join(settings.root, 'packages', 'panel');
  const stamp = join(panel, 'dist', '.built-from');
  const hash = hashOf(inputs(settings.root));
  if (readText(stamp) === hash) return;
  const progress = startProgress(terminal, 'Building the panel');
  const vite = join(settings.root, 'node_modules', 'vite', 'bin', 'vite.js');
  const { code, stdout, stderr } = await runProgram(settings, panel, [vite, 'build', '--logLevel', 'warn']);
  if (code !== 0) {
    progress.end('✗ The panel could not be built');
    const detail = (stderr.trim() || stdout.trim()).slice(-2000);
    throw new Failure('The panel could not be built', detail, 'Correct the cause and start again');
  }
  writeFileSync(stamp, hash);
  progress.end('✓ Built the panel');
}
