import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { lockHome } from './host-file.ts';
import { createLocalPlacement } from './placement/local.ts';
import { searchEngine } from './setup.ts';

/** Removes the containers of every session of this installation while no host runs. The store hears of it at the next start. */
export async function endSessions(config: Config): Promise<void> {
  if (!existsSync(join(config.home, 'airlock.db'))) return;
  const unlock = lockHome(config.home);
  const engine = await searchEngine(config);
  const placement = createLocalPlacement({ client: engine.client, home: config.installation });
  for (const placed of await placement.list()) await placement.remove(placed.id);
  unlock();
}
