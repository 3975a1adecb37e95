import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import { imagePaths } from '@airlock/protocol/image';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { containerName, labelsOf, sessionLabels } from '../placement/container-config.ts';
import { WorkspaceVolumes } from '../placement/workspace-volume.ts';
import { helperKind } from './containers.ts';

/** The workspaces of sessions, also of those whose container is gone. */
export interface Workspaces {
  /** Sessions of this installation that have a workspace. */
  list(): Promise<string[]>;
  /** Hands the workspace over as a tar, and takes it back when `use` is done with it. */
  read<T>(session: string, use: (tar: Readable) => Promise<T>): Promise<T>;
  /** Makes a workspace of at most `bytes`, where the engine can limit it, and fills it. One that is there is replaced. */
  write(session: string, bytes: number, tar: Readable): Promise<void>;
  /** Removing a missing one is no error. */
  remove(session: string): Promise<void>;
  /** Throws `workspace_taken` when another installation on this engine has the workspace of one of the sessions. */
  refuseTaken(sessions: readonly string[]): Promise<void>;
}

export interface WorkspacesOptions {
  readonly client: EngineClient;
  /** A short hash of the installation. */
  readonly home: string;
  /** Any image the engine has; nothing in it is run. */
  readonly image: () => Promise<string>;
  readonly quotas: boolean;
}

export function createWorkspaces({ client, home, image, quotas }: WorkspacesOptions): Workspaces {
  const volumes = new WorkspaceVolumes(client, home, quotas);
  const doing = (session: string) => `Workspace of session ${session}`;

  /** A container that only holds the volume: the engine reads and writes it without starting anything. */
  async function withHelper<T>(session: string, use: (container: Helper) => Promise<T>): Promise<T> {
    const container = await client.createContainer({
      name: `airlock-backup-${session}`,
      Image: await image(),
      Entrypoint: ['/nothing'],
      Labels: { ...labelsOf(home, session), [sessionLabels.kind]: helperKind },
      HostConfig: {
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        Mounts: [{ Type: 'volume', Source: containerName(session), Target: imagePaths.workspace, ReadOnly: false }],
      },
    });
    try {
      return await use(container);
    } finally {
      await container.remove({ force: true, v: true });
    }
  }

  type Helper = Awaited<ReturnType<EngineClient['createContainer']>>;

  /** The client does not hear of a tar that fails, and would wait for the rest of it. */
  async function upload(helper: Helper, tar: Readable): Promise<void> {
    const stopping = new AbortController();
    const failed = new Promise<never>((_, reject) => tar.once('error', reject));
    try {
      const options = { path: dirname(imagePaths.workspace), abortSignal: stopping.signal };
      await Promise.race([failed, helper.putArchive(tar, options)]);
    } finally {
      stopping.abort();
      tar.destroy();
    }
  }

  async function ownerOf(session: string): Promise<string | undefined> {
    try {
      const { Labels } = await client.getVolume(containerName(session)).inspect();
      return Labels?.[sessionLabels.home] ?? '';
    } catch (thrown) {
      if (engineStatus(thrown) === 404) return undefined;
      throw toEngineError(thrown, doing(session), 'backup_failed');
    }
  }

  return {
    async list() {
      try {
        const label = [`${sessionLabels.home}=${home}`, `${sessionLabels.kind}=session`];
        // An engine that has none says null.
        const found = (await client.listVolumes({ filters: { label } })).Volumes ?? [];
        return found.flatMap(({ Labels }) => Labels?.[sessionLabels.session] ?? []).sort();
      } catch (thrown) {
        throw toEngineError(thrown, 'Listing workspaces', 'backup_failed');
      }
    },

    async read(session, use) {
      try {
        return await withHelper(session, async (helper) => {
          const tar = (await helper.getArchive({ path: imagePaths.workspace })) as Readable;
          try {
            return await use(tar);
          } finally {
            tar.destroy();
          }
        });
      } catch (thrown) {
        throw toEngineError(thrown, doing(session), 'backup_failed');
      }
    },

    async write(session, bytes, tar) {
      await volumes.remove(session);
      await volumes.ensure(session, bytes);
      try {
        await withHelper(session, async (helper) => await upload(helper, tar));
      } catch (thrown) {
        throw toEngineError(thrown, doing(session), 'backup_failed');
      }
    },

    remove: (session) => volumes.remove(session),

    async refuseTaken(sessions) {
      for (const session of sessions) {
        const owner = await ownerOf(session);
        if (owner === undefined || owner === home) continue;
        throw new AirlockError('workspace_taken', `The volume ${containerName(session)} is not this installation's`);
      }
    },
  };
}
