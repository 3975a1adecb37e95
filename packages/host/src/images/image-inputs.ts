import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as z from 'zod';

/** A file that goes into the image, or that decides what does. */
export interface InputFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly content: Buffer;
}

export interface ImageInputs {
  /** Everything below `image/`. */
  readonly files: readonly InputFile[];
  readonly nodeVersion: string;
  readonly sdkVersion: string;
  /** Names the image: same inputs, same hash. */
  readonly hash: string;
}

/** Folders whose code becomes the runner's bundle. */
const bundled = ['packages/runner/src', 'packages/protocol/src'];
const manifests = ['packages/runner/package.json', 'packages/protocol/package.json'];
const optionalDependencies = z.object({ optionalDependencies: z.record(z.string(), z.string()) });
const versioned = z.object({ version: z.string() });

/** Reads what the worker image of this project is made of, for engines of one architecture. */
export async function readImageInputs(root: string, arch: string): Promise<ImageInputs> {
  const files = await readTree(root, 'image');
  const code = (await Promise.all(bundled.map((folder) => readTree(root, folder)))).flat();
  const sources = code.filter(({ path }) => !path.endsWith('.test.ts'));
  const packages = await Promise.all(manifests.map((path) => readInput(root, path)));
  const nodeVersion = await pinnedNode(root, arch);
  const sdkVersion = await installedVersion(root, '@anthropic-ai/claude-agent-sdk');
  const hash = hashInputs([...files, ...sources, ...packages], { arch, node: nodeVersion, sdk: sdkVersion });
  return { files, nodeVersion, sdkVersion, hash };
}

/** Order of the files does not matter; their paths and bytes do. */
export function hashInputs(files: readonly InputFile[], versions: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(versions).sort()) hash.update(`${name}=${versions[name]}\0`);
  for (const { path, content } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

async function readTree(root: string, folder: string): Promise<InputFile[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(paths.map((path) => readInput(root, path.slice(root.length + 1).replaceAll('\\', '/'))));
}

async function readInput(root: string, path: string): Promise<InputFile> {
  return { path, content: await readFile(join(root, path)) };
}

async function pinnedNode(root: string, arch: string): Promise<string> {
  const manifest = optionalDependencies.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const version = manifest.optionalDependencies[`node-linux-${arch}`];
  if (version === undefined) throw new Error(`package.json pins no node-linux-${arch}`);
  return version;
}

async function installedVersion(root: string, name: string): Promise<string> {
  const path = createRequire(join(root, 'packages/runner/package.json')).resolve(name);
  const manifest = join(path.slice(0, path.lastIndexOf(name) + name.length), 'package.json');
  return versioned.parse(JSON.parse(await readFile(manifest, 'utf8'))).version;
}
