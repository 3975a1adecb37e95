import { AirlockError } from '@airlock/protocol/errors';
import { migrationNames } from '../store/store.ts';
import { readItems, unusable } from './archive-reader.ts';
import {
  formatSchema,
  formatVersion,
  type Manifest,
  type ManifestEntry,
  manifestSchema,
  maxManifestBytes,
  storeName,
} from './manifest.ts';
import { checkWorkspaceTar } from './workspace-tar.ts';

/** What a backup holds, once all of it has been read and found whole. */
export interface Verified {
  readonly manifest: Manifest;
  /** Sessions whose workspace is in it. */
  readonly sessions: readonly string[];
}

/**
 * Reads a whole backup, and changes nothing. Throws `backup_unusable` when it is damaged, altered or no backup, and
 * `backup_newer` when this Airlock cannot know what is in it.
 */
export async function verifyBackup(
  path: string,
  signal: AbortSignal,
  onBytes: (total: number) => void,
): Promise<Verified> {
  const seen: ManifestEntry[] = [];
  let total = 0;
  const note = (entry: ManifestEntry) => {
    seen.push(entry);
    total += entry.size;
    onBytes(total);
  };
  const sessions: string[] = [];
  let manifest: Manifest | undefined;
  for await (const item of readItems(path, signal, note)) {
    if (manifest) throw unusable('It goes on after its manifest');
    if (item.kind === 'manifest') {
      manifest = parseManifest(await textOf(item.bytes));
      seen.pop();
    } else if (item.kind === 'workspace') {
      sessions.push(item.session);
      await checkWorkspaceTar(item.session, item.bytes);
    } else {
      for await (const _ of item.bytes);
    }
  }
  if (!manifest) throw unusable('It has no manifest');
  compare(manifest.entries, seen);
  return { manifest, sessions };
}

/** Throws when an entry of an archive is not the one the manifest names in its place. */
export function compareEntry(expected: ManifestEntry | undefined, entry: ManifestEntry): void {
  const isSame = expected?.name === entry.name && expected.size === entry.size && expected.sha256 === entry.sha256;
  if (!isSame) throw unusable(`${entry.name} is not what its manifest says`);
}

function compare(expected: readonly ManifestEntry[], seen: readonly ManifestEntry[]): void {
  for (const [at, entry] of seen.entries()) compareEntry(expected[at], entry);
  const missing = expected[seen.length];
  if (missing) throw unusable(`${missing.name} is missing`);
  if (seen[0]?.name !== storeName) throw unusable('It has no store');
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > maxManifestBytes) throw unusable('Its manifest is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseManifest(text: string): Manifest {
  const json = parseJson(text);
  const format = formatSchema.safeParse(json).data?.format;
  if (format !== undefined && format > formatVersion) {
    throw new AirlockError('backup_newer', `It has format ${format}, this Airlock reads ${formatVersion}`);
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) throw unusable('Its manifest is not one');
  const { migration, airlock } = parsed.data;
  if (!migrationNames.includes(migration)) {
    throw new AirlockError('backup_newer', `Its store is of Airlock ${airlock} (${migration})`);
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
