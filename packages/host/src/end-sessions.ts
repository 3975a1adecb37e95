import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { removeFillers } from './caches/caches.ts';
import type { Config } from './config.ts';
import { lockHome } from './host-file.ts';
import { createLocalPlacement } from './placement/local.ts';
import { condemnSessions } from './sessions/condemn.ts';
import { searchEngine } from './setup.ts';
import { openStore } from './store/store.ts';

/** Ends every session of this installation while no host runs: containers go at once, services are told at the next start. */
export async function endSessions(config: Config): Promise<void> {
  const path = join(config.home, 'airlock.db');
  if (!existsSync(path)) return;
  const unlock = lockHome(config.home);
  try {
    await condemn(path);
  } finally {
    const engine = await searchEngine(config);
    const placement = createLocalPlacement({ client: engine.client, home: config.installation });
    for (const placed of await placement.list()) await placement.remove(placed.id);
    await removeFillers(engine.client, config.installation, config.home);
    unlock();
  }
}

async function condemn(path: string): Promise<void> {
  const store = await openStore(path);
  try {
    await condemnSessions(store, new AirlockError('container_lost', 'Airlock was told to end it'));
  } finally {
    await store.close();
  }
}
