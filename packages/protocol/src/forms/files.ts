import * as z from 'zod';
import { type FileRef, fileRefSchema, isAccepted, maxFileBytes, mostFiles, sizeInWords } from '../files/file.ts';
import type { Json } from '../json.ts';
import type { Checked } from './checked.ts';
import type { FieldElement } from './fields.ts';

type Files = Extract<FieldElement, { type: 'file' }>;
type Sent = z.infer<typeof sentSchema>;

/** The id of an upload alone, or what is known of the file. */
const sentSchema = z.union([z.uuid(), fileRefSchema]);

/** What was sent for a field of files: one, or several; `undefined` when it can be neither. */
export function sentFiles(given: unknown): Sent[] | undefined {
  if (given === undefined || given === null || given === '') return [];
  const list = Array.isArray(given) ? given : [given];
  const parsed = z.array(sentSchema).max(mostFiles).safeParse(list);
  return parsed.success ? parsed.data : undefined;
}

/** Most files a field takes. */
export function mostOf({ multiple, directory, max_files: most }: Files): number {
  return multiple || directory ? Math.min(most ?? mostFiles, mostFiles) : 1;
}

/** Why a file is not taken, whether or not it has arrived. */
export function refusalOf({ accept, max_bytes: most }: Files, file: FileRef): string | undefined {
  const { name, size } = file;
  if (!isAccepted(accept, file)) return `${name} is not of a kind taken here (${accept})`;
  const limit = Math.min(most ?? maxFileBytes, maxFileBytes);
  return size > limit ? `${name} has ${sizeInWords(size)}, the most is ${sizeInWords(limit)}` : undefined;
}

function problemOf(element: Files, file: Sent): string | undefined {
  if (typeof file === 'string') return undefined;
  return refusalOf(element, file) ?? (file.upload === undefined ? `${file.name} has not arrived yet` : undefined);
}

/** Whether uploads have arrived, and what they are, only the host can tell: it asks again once it knows. */
export function checkFiles(element: Files, given: unknown): Checked {
  const files = sentFiles(given);
  if (files === undefined) {
    const isLong = Array.isArray(given) && given.length > mostFiles;
    return { problem: isLong ? `At most ${mostFiles} files` : 'Expected the ids of uploads' };
  }
  if (files.length === 0) return element.required ? { problem: 'A file is required' } : { value: [] };
  const most = mostOf(element);
  if (files.length > most) return { problem: most === 1 ? 'One file only' : `At most ${most} files` };
  const problem = files.map((file) => problemOf(element, file)).find((each) => each !== undefined);
  if (problem !== undefined) return { problem };
  const ids = files.map((file) => (typeof file === 'string' ? file : file.upload));
  if (new Set(ids).size < ids.length) return { problem: 'A file is named twice' };
  return { value: files as Json };
}
