import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { imagePaths } from '@airlock/protocol/image';
import { type Header, type Pack, pack } from 'tar-stream';
import type { CodeFile } from './bundle-runner.ts';
import type { InputFile } from './image-inputs.ts';

/** One entry of the build context, with the mode it has in the image. */
export type ContextEntry =
  | { readonly kind: 'text'; readonly name: string; readonly mode: number; readonly content: Buffer | string }
  | { readonly kind: 'file'; readonly name: string; readonly mode: number; readonly source: string }
  | { readonly kind: 'link'; readonly name: string; readonly target: string };

export interface ContextParts {
  /** Files below `image/`, by their paths in the project. */
  readonly files: readonly InputFile[];
  readonly node: string;
  readonly claude: string;
  readonly runner: readonly CodeFile[];
}

type TarHeader = Partial<Header> & { name: string };

/** Programs may be run and not read: what runs them cannot look into their memory, environment or files. */
const programMode = 0o111;
const shown = 0o444;

/**
 * What the engine gets to build from. `programs/` and `rootfs/` are copied over the image's root as they are, so no
 * layer repeats the big files to change their modes.
 */
export function contextEntries(parts: ContextParts): ContextEntry[] {
  const home = `rootfs${imagePaths.home}`;
  return [
    ...parts.files.map(fileEntry),
    { kind: 'file', name: 'programs/app/bin/node', mode: programMode, source: parts.node },
    { kind: 'file', name: 'programs/app/bin/claude', mode: programMode, source: parts.claude },
    { kind: 'link', name: 'programs/usr/local/bin/node', target: '/app/bin/node' },
    // The CLI wants one, and must not find it writable.
    { kind: 'text', name: `${home}/.claude.json`, mode: shown, content: '{}\n' },
    ...parts.runner.map(codeEntry),
  ];
}

function codeEntry({ name, code }: CodeFile): ContextEntry {
  return { kind: 'text', name: `rootfs/app/runner/${name}`, mode: shown, content: code };
}

function fileEntry({ path, content }: InputFile): ContextEntry {
  const name = path.slice('image/'.length);
  if (name.startsWith('bin/')) return { kind: 'text', name: `rootfs/app/${name}`, mode: 0o555, content };
  const inRoot = /^(template_user|project|plugins)\//.test(name) ? `rootfs/app/${name}` : undefined;
  const system = name.startsWith('etc/') ? `rootfs/${name}` : undefined;
  return { kind: 'text', name: inRoot ?? system ?? name, mode: shown, content };
}

/** Streams the entries as a tar; a file that cannot be read fails the stream. */
export function packContext(entries: readonly ContextEntry[]): Readable {
  const tar = pack();
  addAll(tar, entries).then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  return Readable.from(tar, { objectMode: false });
}

async function addAll(tar: Pack, entries: readonly ContextEntry[]): Promise<void> {
  for (const entry of entries) {
    if (entry.kind === 'file') await addFile(tar, entry.source, header(entry, (await stat(entry.source)).size));
    else if (entry.kind === 'text') tar.entry(header(entry, Buffer.byteLength(entry.content)), entry.content);
    else tar.entry(header(entry, 0));
  }
}

async function addFile(tar: Pack, source: string, headers: TarHeader): Promise<void> {
  await pipeline(createReadStream(source, { highWaterMark: 1024 * 1024 }), tar.entry(headers));
}

/** Owner and time are fixed, so that the builder finds equal files in its cache. */
function header(entry: ContextEntry, size: number): TarHeader {
  const common = { name: entry.name, uid: 0, gid: 0, mtime: new Date(0) };
  switch (entry.kind) {
    case 'link':
      return { ...common, type: 'symlink', linkname: entry.target, mode: 0o777 };
    default:
      return { ...common, type: 'file', mode: entry.mode, size };
  }
}
