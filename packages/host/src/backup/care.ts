import type { EngineClient } from '../engine/engine-client.ts';
import { createLocalPlacement } from '../placement/local.ts';
import type { Placement } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import { createContainers } from './containers.ts';
import { behindGate, createGate } from './gate.ts';
import { clearKilledBackup } from './leftovers.ts';
import { undoRestore } from './staging.ts';

/** What a running host does for backups and restores of its home. */
export interface BackupCare {
  /** The placement, held back where a backup that is being made would not be one moment any more. */
  guard(placement: Placement): Placement;
  /** At the start: undoes what a restore and a backup that were stopped have left. */
  settle(): Promise<void>;
  /** Every second: lets sessions go on that a killed backup left paused. */
  check(): Promise<void>;
  /** Nobody waits for a backup any more. */
  stop(): void;
}

interface BackupCareOptions {
  readonly home: string;
  /** A short hash of the installation. */
  readonly installation: string;
  readonly client: EngineClient;
  readonly store: Store;
  readonly logger: { warn(fields: object, text: string): void };
}

export function createBackupCare({ home, installation, client, store, logger }: BackupCareOptions): BackupCare {
  const gate = createGate(home);
  const containers = createContainers(client, installation);

  async function check(): Promise<void> {
    if (await clearKilledBackup(home, containers)) logger.warn({ home }, 'A backup was killed; its sessions go on');
  }

  return {
    guard: (placement) => behindGate(placement, gate),
    check,
    async settle() {
      await check();
      const rows = await store.db.selectFrom('sessions').select('id').execute();
      const placement = createLocalPlacement({ client, home: installation });
      const remove = async (session: string) => await placement.removeWorkspace(session);
      await undoRestore(home, new Set(rows.map(({ id }) => id)), { remove });
    },
    stop: () => gate.giveUp(),
  };
}
