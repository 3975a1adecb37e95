import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { AirlockError } from '@airlock/protocol/errors';
import { imagePaths } from '@airlock/protocol/image';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { execStream } from './exec.ts';

/*
 * Files into and out of workspaces, as tars. Programs of the image do it in a container that runs, as the uid that works
 * there; what a path leads to there is for them to find out, and they can reach nothing but the container.
 */

/** Said last by a program that has done all of it: one that was killed ends without a word. */
const done = 'all of it';

/** Unpacks a tar into the workspace. Throws `workspace_full`, or `container_lost` when it was cut off. */
export async function unpackInto(client: EngineClient, containerId: string, tar: Readable): Promise<void> {
  const doing = 'Bringing files into the workspace';
  const unpack = `tar -x -f - -C ${imagePaths.workspace} --no-same-owner && echo '${done}'`;
  const stream = await execStream({ client, containerId, command: ['/bin/sh', '-c', unpack], doing });
  try {
    const [said] = await Promise.all([text(stream), pipeline(tar, stream)]);
    if (said.trim() !== done) throw new AirlockError('container_lost', `${doing}: it was cut off`);
  } catch (thrown) {
    stream.destroy();
    const error = toEngineError(thrown, doing, 'container_lost');
    if (isFull(error.detail)) throw new AirlockError('workspace_full', 'The files given do not fit', { cause: thrown });
    throw error;
  } finally {
    tar.destroy();
  }
}

/** No space, no quota, or a file larger than one may be. */
function isFull(words: string): boolean {
  return /no space left|disk quota exceeded|file too large/i.test(words);
}

/** A file below a folder of the workspace. */
export interface FoundFile {
  readonly path: string;
  /** Changes whenever the file does: its size and when it was written last. */
  readonly stamp: string;
}

/** Most files that are looked at. */
const mostFound = 10_000;

/** Plain files below a folder of the workspace; none when there is no such folder. */
export async function findFiles(client: EngineClient, containerId: string, folder: string): Promise<FoundFile[]> {
  const find = `cd ${imagePaths.workspace}/${folder} 2>/dev/null && find . -type f -printf '%P\\0%s %T@\\0' | head -z -n ${2 * mostFound}`;
  const doing = `Looking into ${folder}`;
  const stream = await execStream({ client, containerId, command: ['/bin/sh', '-c', `${find} || true`], doing });
  stream.end();
  const fields = (await text(stream)).split('\0');
  return Array.from({ length: Math.floor(fields.length / 2) }, (_, at) => ({
    path: fields[2 * at] ?? '',
    stamp: fields[2 * at + 1] ?? '',
  }));
}

/** The files of these names below a folder of the workspace, as a tar. Those that are gone are left out. */
export async function packFound(
  client: EngineClient,
  containerId: string,
  folder: string,
  paths: readonly string[],
): Promise<Readable> {
  const pack = `cd ${imagePaths.workspace}/${folder} && tar -c -f - --ignore-failed-read --no-recursion --null --verbatim-files-from -T - 2>/dev/null || true`;
  const doing = `Reading ${folder}`;
  const stream = await execStream({ client, containerId, command: ['/bin/sh', '-c', pack], doing });
  stream.end(paths.map((path) => `./${path}\0`).join(''));
  return stream;
}

/** A folder of the workspace as a tar, of a container that runs or has ended; undefined when it is not there. */
export async function packFolder(
  client: EngineClient,
  containerId: string,
  folder: string,
): Promise<Readable | undefined> {
  try {
    const options = { path: `${imagePaths.workspace}/${folder}` };
    return (await client.getContainer(containerId).getArchive(options)) as Readable;
  } catch (thrown) {
    if (engineStatus(thrown) === 404) return undefined;
    throw toEngineError(thrown, `Reading ${folder}`, 'container_failed');
  }
}
