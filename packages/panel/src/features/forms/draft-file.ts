import type { FileRef } from '@airlock/protocol/files/file';
import { safePath } from '@airlock/protocol/files/names';
import * as z from 'zod';
import { type DraftFile, draftFileSchema } from '../../lib/draft.ts';

let made = 0;

/** A file somebody chose; with its folders when it came in one. */
export function draftFileOf(file: File): DraftFile {
  made += 1;
  const name = safePath(file.webkitRelativePath || file.name);
  return { key: `${Date.now()}-${made}`, name, size: file.size, type: file.type };
}

/** The files a field holds. */
export function draftFilesIn(value: unknown): DraftFile[] {
  const parsed = z.array(draftFileSchema).safeParse(value);
  return parsed.success ? parsed.data : [];
}

/** As it is sent. */
export function toFileRef({ key: _, ...file }: DraftFile): FileRef {
  return file;
}
