import { AirlockError } from '@airlock/protocol/errors';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { sessionLabels } from '../placement/container-config.ts';

/** The containers of this installation, as a backup and a restore treat them. */
export interface Containers {
  /** Holds every program in them still. Resolves with the sessions that stand still now. */
  pause(): Promise<string[]>;
  /** Lets the container of one session go on. One that is gone is no error. */
  resume(session: string): Promise<void>;
  /** Lets all of them go on, whoever paused them, and removes what a backup left behind. */
  release(): Promise<void>;
  /** Removes all of them, running or not. */
  removeAll(): Promise<void>;
}

/** `airlock.kind` of a container that holds a workspace for a backup to read or a restore to fill, and never runs. */
export const helperKind = 'backup';

const mostRounds = 10;

export function createContainers(client: EngineClient, home: string): Containers {
  async function list(status?: string[]) {
    try {
      const label = [`${sessionLabels.home}=${home}`];
      return await client.listContainers({ all: true, filters: { label, ...(status ? { status } : {}) } });
    } catch (thrown) {
      throw toEngineError(thrown, 'Listing containers', 'backup_failed');
    }
  }

  /** 404: it is gone; 409: it has ended, or is so already. Whatever it is, nothing in it moves. */
  async function change(id: string, how: 'pause' | 'unpause'): Promise<void> {
    try {
      await client.getContainer(id)[how]();
    } catch (thrown) {
      const status = engineStatus(thrown);
      if (status !== 404 && status !== 409) throw toEngineError(thrown, `Container ${id}: ${how}`, 'backup_failed');
    }
  }

  async function remove(id: string): Promise<void> {
    try {
      await client.getContainer(id).remove({ force: true });
    } catch (thrown) {
      const status = engineStatus(thrown);
      if (status !== 404 && status !== 409) throw toEngineError(thrown, `Removing container ${id}`, 'backup_failed');
    }
  }

  return {
    async pause() {
      // One that starts meanwhile is seen in the next round.
      for (let round = 0; round < mostRounds; round += 1) {
        const running = await list(['running', 'restarting']);
        if (running.length === 0)
          return (await list(['paused'])).flatMap(({ Labels }) => Labels[sessionLabels.session] ?? []);
        await Promise.all(running.map(({ Id }) => change(Id, 'pause')));
      }
      throw new AirlockError('backup_failed', 'The engine does not pause the containers of the sessions');
    },

    async resume(session) {
      const paused = await list(['paused']);
      const own = paused.filter(({ Labels }) => Labels[sessionLabels.session] === session);
      await Promise.all(own.map(({ Id }) => change(Id, 'unpause')));
    },

    async release() {
      for (const { Id } of await list(['paused'])) await change(Id, 'unpause');
      const all = await list();
      for (const { Id, Labels } of all) if (Labels[sessionLabels.kind] === helperKind) await remove(Id);
    },

    async removeAll() {
      for (const { Id } of await list()) await remove(Id);
    },
  };
}
