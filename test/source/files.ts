import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The folder of the clone. */
export const root = join(import.meta.dirname, '..', '..');

const skipped = new Set(['node_modules', 'dist', '.git', '.airlock']);
const code = /\.(ts|tsx|mts|mjs|js)$/;

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : [];
  });
}

/** Every code file of the project, as paths from the root. */
export function codeFiles(): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => !skipped.has(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? walk(join(root, entry.name)) : [join(root, entry.name)]))
    .map((path) => relative(root, path))
    .filter((path) => code.test(path))
    .sort();
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

/** Code that only tests run: test files, contract suites, fixtures and everything under `test/` and `bench/`. */
export function isTestCode(path: string): boolean {
  return (
    isTest(path) || /^(test|bench)\//.test(path) || /\.contract\.ts$|\.fixture\.ts$|\/(fixtures|testing)\//.test(path)
  );
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The packages and services, as paths from the root. */
export function packageFolders(): string[] {
  return ['packages', 'services'].flatMap((parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}`),
  );
}
