import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AirlockError } from '@airlock/protocol/errors';
import type { Placement } from '../placement/placement.ts';
import { lockFile } from '../store/file-lock.ts';

/**
 * Keeps a host from starting containers and removing workspaces while a backup reads them. Those who pass share the
 * gate; a backup closes it. It opens by itself when the process that closed it ends, however it ends.
 */
export interface Gate {
  /** Does the work once the gate is open, and keeps it open until it is done. */
  pass<T>(work: () => Promise<T>): Promise<T>;
  /** Closes the gate once the last one has passed; returns how to open it. Throws `backup_failed` after 30 s. */
  close(signal: AbortSignal): Promise<() => void>;
  /** Those who wait to pass are turned away with `host_stopping`, now and from now on. */
  giveUp(): void;
}

const patienceMs = 30_000;
const everyMs = 100;

export function createGate(home: string): Gate {
  const path = join(home, 'gate.lock');
  const stopping = new AbortController();

  async function enter(): Promise<() => void> {
    for (;;) {
      const leave = lockFile(path, 'shared');
      if (leave) return leave;
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => {
        throw new AirlockError('host_stopping', 'It waited for a backup to end');
      });
    }
  }

  return {
    async pass(work) {
      const leave = await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    async close(signal) {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        signal.throwIfAborted();
        const open = lockFile(path, 'alone');
        if (open) return open;
        if (performance.now() > deadline) {
          throw new AirlockError('backup_failed', `Containers have been starting for ${patienceMs / 1000} s`);
        }
        await delay(everyMs);
      }
    },
    giveUp: () => stopping.abort(),
  };
}

/** A placement that changes nothing a backup reads while one is made. */
export function behindGate(placement: Placement, gate: Pick<Gate, 'pass'>): Placement {
  return {
    ...placement,
    start: (spec) => gate.pass(() => placement.start(spec)),
    removeWorkspace: (session) => gate.pass(() => placement.removeWorkspace(session)),
  };
}
