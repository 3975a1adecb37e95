import type { FileValue } from '@airlock/protocol/files/file';
import { described, type Field, type FieldOptions } from './part.ts';

/** A file somebody gave: what it is, and where it lies. */
export type FileInput = FileValue & { readonly path: string };

interface FileOptions extends FieldOptions {
  /** Default false. */
  readonly required?: boolean;
  /** What is taken, as in HTML: `.csv, image/*`. It is told by name and by what the browser says, not by content. */
  readonly accept?: string;
  /** Of one file. Default: 5 GiB. */
  readonly maxBytes?: number;
}

interface FilesOptions extends FileOptions {
  /** Default: 1,000. */
  readonly maxFiles?: number;
  /** Lets people choose a whole folder; the names then have its folders in them. */
  readonly directory?: boolean;
}

const element = (name: string, options: FilesOptions, multiple: boolean) => ({
  type: 'file' as const,
  name,
  ...described(options),
  value: null,
  required: options.required ?? false,
  multiple,
  directory: options.directory ?? false,
  accept: options.accept ?? null,
  max_files: options.maxFiles ?? null,
  max_bytes: options.maxBytes ?? null,
});

const readAll = (value: unknown) => (Array.isArray(value) ? (value as FileInput[]) : []);

/** A file people choose, or null when they chose none. It lies in the workspace of every session, as its `path` says. */
export function file(options: FileOptions = {}): Field<FileInput | null> {
  return { element: (name) => element(name, options, false), read: (value) => readAll(value)[0] ?? null };
}

/** Any number of files, in the order chosen. */
export function files(options: FilesOptions = {}): Field<FileInput[]> {
  return { element: (name) => element(name, options, true), read: readAll };
}
