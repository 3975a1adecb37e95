import { fileRefSchema } from '@airlock/protocol/files/file';
import { useCallback, useState } from 'react';
import * as z from 'zod';
import { readStored, writeStored } from './storage.ts';

/** A file in a field: one without `upload` has not arrived. `key` tells it from others of its name. */
export const draftFileSchema = fileRefSchema.extend({ key: z.string() });
export type DraftFile = z.infer<typeof draftFileSchema>;

const draftSchema = z.record(
  z.string(),
  z.union([z.string(), z.boolean(), z.array(z.string()), z.array(draftFileSchema)]),
);
/** What a person typed and has not sent yet. */
export type Draft = z.infer<typeof draftSchema>;

/** What is chosen among options. */
export function chosenIn(value: Draft[string] | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

const keyOf = (scope: string): string => `airlock:draft:${scope}`;

/** Null when there is none, or an unreadable one. */
export function readDraft(scope: string): Draft | null {
  const stored = readStored('session', keyOf(scope));
  if (stored === null) return null;
  try {
    return draftSchema.parse(JSON.parse(stored));
  } catch {
    return null;
  }
}

export function dropDraft(scope: string): void {
  writeStored('session', keyOf(scope), null);
}

/** Drops every draft: after signing out the next person must not find them. */
export function dropAllDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(keyOf(''))) sessionStorage.removeItem(key);
    }
  } catch {
    // Storage is blocked, so nothing was kept.
  }
}

const noNames: ReadonlySet<string> = new Set();

/**
 * A draft that survives reloads of this tab; `drop` it once the server has acknowledged it. Kept is what was changed,
 * less the names in `secret`.
 */
export function useDraft(scope: string, initial: Draft, secret: ReadonlySet<string> = noNames) {
  const [changed, setChanged] = useState<Draft>(() => readDraft(scope) ?? {});
  const set = useCallback(
    (name: string, value: Draft[string]) => {
      setChanged((before) => {
        const after = { ...before, [name]: value };
        const kept = Object.entries(after).filter(([each]) => !secret.has(each));
        writeStored('session', keyOf(scope), JSON.stringify(Object.fromEntries(kept)));
        return after;
      });
    },
    [scope, secret],
  );
  const drop = useCallback(() => dropDraft(scope), [scope]);
  return { draft: { ...initial, ...changed }, set, drop };
}
