import { idSchema } from '@airlock/protocol/ids';
import * as z from 'zod';

/*
 * What is in a backup: a tar, compressed with zstd, of regular files alone.
 *
 *   store.db                          the store as it was at one moment
 *   workspaces/<session>.tar.000001   a session's /workspace as a tar, cut into parts
 *   files/<path>                      files of executions
 *   manifest.json                     the last: everything above it, in its order
 */

/** Raised when an Airlock that knows the number before it could not restore what is written. */
export const formatVersion = 1;

export const storeName = 'store.db';
export const manifestName = 'manifest.json';
export const filesPrefix = 'files/';

/** Longest part of a workspace, in bytes. */
export const partBytes = 8 * 1024 ** 2;
/** Most a manifest may have, in bytes. */
export const maxManifestBytes = 64 * 1024 ** 2;
/** Most files a backup may have. */
export const maxEntries = 250_000;

const maxPathBytes = 1024;
const maxSegmentBytes = 255;

/** What an entry is, told by its name; undefined for a name no backup has. */
export type EntryKind =
  | { readonly kind: 'store' }
  | { readonly kind: 'workspace'; readonly session: string; readonly part: number }
  | { readonly kind: 'file'; readonly path: string };

export function kindOf(name: string): EntryKind | undefined {
  if (name === storeName) return { kind: 'store' };
  if (name.startsWith(filesPrefix)) {
    const path = name.slice(filesPrefix.length);
    return isPlainPath(path) ? { kind: 'file', path } : undefined;
  }
  const [, session, part] = /^workspaces\/([0-9a-f-]{36})\.tar\.(\d{6})$/.exec(name) ?? [];
  if (session === undefined || !idSchema.safeParse(session).success) return undefined;
  return { kind: 'workspace', session, part: Number(part) };
}

export function partName(session: string, part: number): string {
  return `workspaces/${session}.tar.${String(part).padStart(6, '0')}`;
}

/** Whether a path leads to a place below the folder it is joined to. */
function isPlainPath(path: string): boolean {
  if (Buffer.byteLength(path) > maxPathBytes || path.includes('\0')) return false;
  return path
    .split('/')
    .every((each) => each !== '' && each !== '.' && each !== '..' && Buffer.byteLength(each) <= maxSegmentBytes);
}

export const entrySchema = z.strictObject({
  name: z.string(),
  size: z.number().int().nonnegative(),
  /** Hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ManifestEntry = z.infer<typeof entrySchema>;

/** Read first of a manifest: the rest of one with a newer format may be anything. */
export const formatSchema = z.object({ format: z.number().int().positive() });

export const manifestSchema = z.strictObject({
  format: z.literal(formatVersion),
  /** Version of the Airlock that made it. */
  airlock: z.string().max(100),
  /** Last migration its store has had. */
  migration: z.string().max(200),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  executions: z.number().int().nonnegative(),
  entries: z.array(entrySchema).max(maxEntries),
});
export type Manifest = z.infer<typeof manifestSchema>;
