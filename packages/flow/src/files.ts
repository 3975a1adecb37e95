import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { sizeInWords } from '@airlock/protocol/files/file';
import { isSafePath } from '@airlock/protocol/files/names';
import * as z from 'zod';
import type { ContextPort } from './context-port.ts';
import type { FileInput } from './form.ts';
import { makeCall } from './make-call.ts';
import { runStep } from './run-step.ts';

const writtenSchema = z.object({ size: z.number(), sha256: z.string() });

/** Most bytes read into memory at once: 256 MiB. */
const mostRead = 256 * 1024 ** 2;

/** Files of the execution, on the host's side; sessions have those people gave in their workspace. */
export interface Files {
  /** What is in a file somebody gave, the same whenever the service runs again. 256 MiB at most. */
  read(file: FileInput): Promise<Buffer>;
  /** The same as text in UTF-8. */
  text(file: FileInput): Promise<string>;
  /**
   * Keeps a file under a name of its own, folders and all (`reports/march.csv`), where people find and download it. One
   * that is there is replaced. It is a step: done once, and remembered.
   */
  write(name: string, data: string | Uint8Array): Promise<{ readonly path: string; readonly size: number }>;
}

function refused(detail: string): AirlockError {
  return new AirlockError('service_failed', detail);
}

async function writeWhole(path: string, data: string | Uint8Array): Promise<{ size: number; sha256: string }> {
  const bytes = Buffer.from(data as Uint8Array);
  const part = `${dirname(path)}/.${randomUUID()}.part`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = await open(part, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

export function createFiles(port: ContextPort): Files {
  function folder(): string {
    if (port.files === undefined) throw refused('This execution has no folder for files');
    return port.files;
  }

  async function read({ path, name }: FileInput): Promise<Buffer> {
    if (!path.startsWith('in/') || !isSafePath(path))
      throw refused(`${JSON.stringify(path)} is no file of this execution`);
    const whole = join(folder(), path);
    const { size } = await stat(whole).catch(() => ({ size: -1 }));
    if (size < 0) throw refused(`${name} is not there any more`);
    if (size > mostRead) throw refused(`${name} has ${sizeInWords(size)}: give it to a session, which reads in pieces`);
    return await readFile(whole);
  }

  return {
    read,
    text: async (file) => (await read(file)).toString('utf8'),
    async write(name, data) {
      if (!isSafePath(name)) throw refused(`${JSON.stringify(name)} cannot be the name of a file`);
      const work = () => writeWhole(join(folder(), 'out', name), data);
      const written = writtenSchema.parse(await runStep(port, `write ${name}`.slice(0, 200), work, {}));
      await makeCall(port, { kind: 'file', path: name, ...written }).outcome;
      return { path: `out/${name}`, size: written.size };
    },
  };
}
