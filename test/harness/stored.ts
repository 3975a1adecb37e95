import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, vi } from 'vitest';

/** Resolves once the store of a home, read while its host writes it, has a session in this state. */
export async function untilStored(home: string, session: string, state: string): Promise<void> {
  const database = new DatabaseSync(join(home, 'airlock.db'), { readOnly: true });
  try {
    const read = database.prepare('SELECT state FROM sessions WHERE id = ?');
    await vi.waitFor(() => expect(read.get(session)).toEqual({ state }), { timeout: 20_000, interval: 10 });
  } finally {
    database.close();
  }
}
