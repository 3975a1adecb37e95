import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AirlockError } from '@airlock/protocol/errors';
import { imagePaths } from '@airlock/protocol/image';
import type { EngineClient } from '../engine/engine-client.ts';
import { toEngineError } from '../engine/engine-error.ts';
import { execStream } from './exec.ts';

/*
 * What is in a workspace, found out by programs of the image in a container. Names are bytes: they travel as text of one
 * character a byte (`latin1`). The container may belong to whoever wants to mislead, so all of it is bounded.
 */

/** Something in a workspace, never a folder named `.git`'s content. */
export interface Scanned {
  /** Bytes of its path, one character each. */
  readonly path: string;
  /** A letter of find's `%y`. */
  readonly type: string;
  readonly size: number;
  /** When it was written last, in milliseconds since 1970. */
  readonly mtime: number;
  readonly links: number;
  /** Octal. */
  readonly mode: number;
  readonly target: string;
  /** Changes whenever the thing does: its number, size, and when it and its bytes were changed. */
  readonly stamp: string;
}

export interface Scan {
  readonly found: Scanned[];
  /** Whether there is more than is looked at. */
  readonly isCut: boolean;
}

const mostFound = 50_000;
const mostBytes = 16 * 1024 ** 2;
const patienceMs = 60_000;
const format = ['%y', '%s', '%T@', '%C@', '%i', '%n', '%m', '%P', '%l'];

export async function scanWorkspace(client: EngineClient, containerId: string): Promise<Scan> {
  const doing = 'Looking into the workspace';
  const find = `find ${imagePaths.workspace} -mindepth 1 -printf '${format.join('\\0')}\\0' -name .git -type d -prune 2>/dev/null`;
  const limit = `head -z -n ${(mostFound + 1) * format.length} | head -c ${mostBytes}`;
  const stream = await execStream({
    client,
    containerId,
    command: ['/bin/sh', '-c', `${find} | ${limit} || true`],
    doing,
  });
  stream.end();
  const late = setTimeout(() => stream.destroy(new Error('it took too long')), patienceMs);
  try {
    stream.setEncoding('latin1');
    return parseScan(await text(stream as AsyncIterable<string> & Readable));
  } catch (thrown) {
    throw toEngineError(thrown, doing, 'container_failed');
  } finally {
    clearTimeout(late);
  }
}

/** What `find` wrote; a record that was cut off is left out. */
export function parseScan(output: string): Scan {
  const fields = output.split('\0');
  const records = Math.floor((fields.length - 1) / format.length);
  const found: Scanned[] = [];
  for (let at = 0; at < Math.min(records, mostFound); at += 1) {
    const [type, size, mtime, ctime, inode, links, mode, path, target] = fields.slice(
      at * format.length,
      (at + 1) * format.length,
    ) as [string, string, string, string, string, string, string, string, string];
    if (path === '' || path.startsWith('/') || path.split('/').includes('..')) continue;
    found.push({
      path,
      type,
      size: count(size),
      mtime: Math.min(Math.max(Math.floor(Number(mtime) * 1000) || 0, 0), 8e15),
      links: Math.max(1, count(links)),
      mode: Number.parseInt(mode, 8) || 0,
      target,
      stamp: `${inode} ${size} ${mtime} ${ctime}`,
    });
  }
  return { found, isCut: records > mostFound || output.length >= mostBytes };
}

function count(text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** The things at these paths as a tar, links as links; those that are gone are left out. */
export async function packPaths(
  client: EngineClient,
  containerId: string,
  paths: readonly string[],
): Promise<Readable> {
  const pack = `cd ${imagePaths.workspace} && tar -c -f - --format=gnu --hard-dereference --ignore-failed-read --no-recursion --null --verbatim-files-from -T - 2>/dev/null || true`;
  const doing = 'Reading the workspace';
  const stream = await execStream({ client, containerId, command: ['/bin/sh', '-c', pack], doing });
  stream.end(Buffer.from(paths.map((path) => `./${path}\0`).join(''), 'latin1'));
  const late = setTimeout(() => stream.destroy(new AirlockError('container_failed', `${doing} took too long`)), longMs);
  stream.once('close', () => clearTimeout(late));
  return stream;
}

const longMs = 30 * 60_000;

/** What a program prints; the stream fails if the program does, or takes too long. */
export async function runIn(
  client: EngineClient,
  containerId: string,
  command: readonly string[],
  doing: string,
): Promise<Readable> {
  const stream = await execStream({ client, containerId, command, doing });
  stream.end();
  const late = setTimeout(() => stream.destroy(new AirlockError('container_failed', `${doing} took too long`)), longMs);
  stream.once('close', () => clearTimeout(late));
  return stream;
}
