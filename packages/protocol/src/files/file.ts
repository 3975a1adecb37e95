import * as z from 'zod';

/** Most files one field takes, whatever it says. */
export const mostFiles = 1_000;
/** Largest file, in bytes: what a workspace holds unless its service says otherwise. */
export const maxFileBytes = 5 * 1024 ** 3;

/**
 * A file somebody gave, as inputs hold it. Sent for a field is the id of an upload that has arrived, alone or in an
 * object like this; everything else in it is the host's word.
 */
export const fileValueSchema = z.object({
  /** Id of the upload. */
  upload: z.uuid(),
  /** As it was called, made safe; with folders when a whole folder was given. */
  name: z.string().max(1_100),
  /** In bytes. */
  size: z.number().int().nonnegative(),
  /** What its sender took it for, such as `text/csv`; empty when unknown. */
  type: z.string().max(200),
  /** Hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where it lies among the files of the execution, and below the workspace of its sessions: `in/report.pdf`. */
  path: z.string().max(1_100).optional(),
});
export type FileValue = z.infer<typeof fileValueSchema>;

/** What a field of files holds until it is sent: without `upload`, the file has not arrived yet. */
export const fileRefSchema = fileValueSchema.partial().required({ name: true, size: true });
export type FileRef = z.infer<typeof fileRefSchema>;

/** Folders of an execution's files: what people gave, and what came of it. */
export const filePlaceSchema = z.enum(['in', 'out']);
export type FilePlace = z.infer<typeof filePlaceSchema>;

/** A file of an execution. */
export const fileEntrySchema = z.object({
  /** Below its place. */
  path: z.string(),
  size: z.number().int().nonnegative(),
  sha256: z.string(),
  /** Who gave it; null when it came out of a session or a service. */
  by: z.string().nullable(),
  /** ISO 8601, UTC. */
  at: z.iso.datetime(),
});
export type FileEntry = z.infer<typeof fileEntrySchema>;

/** Whether a file is of a kind a field takes. `accept` as in HTML: `.csv, image/*, application/pdf`. */
export function isAccepted(accept: string | null, { name, type }: Pick<FileRef, 'name' | 'type'>): boolean {
  const wanted = (accept ?? '').split(',').flatMap((each) => each.trim().toLowerCase() || []);
  const [lowName, lowType] = [name.toLowerCase(), (type ?? '').toLowerCase()];
  return (
    wanted.length === 0 ||
    wanted.some((each) => {
      if (each.startsWith('.')) return lowName.endsWith(each);
      return each.endsWith('/*') ? lowType.startsWith(each.slice(0, -1)) : lowType === each;
    })
  );
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1536` as `1.5 KiB`. */
export function sizeInWords(bytes: number): string {
  let at = 0;
  let value = bytes;
  for (; value >= 1024 && at < units.length - 1; at += 1) value /= 1024;
  return `${at === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[at]}`;
}
