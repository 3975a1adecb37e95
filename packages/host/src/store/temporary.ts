import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from './store.ts';

/** A store in a folder of its own, for tests; `remove` closes it and deletes the folder. */
export async function temporaryStore(): Promise<{ store: Store; path: string; remove: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'airlock-store-'));
  const path = join(dir, 'airlock.db');
  const store = await openStore(path);
  return {
    store,
    path,
    async remove() {
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
