import { AirlockError } from '@airlock/protocol/errors';
import { imagePaths } from '@airlock/protocol/image';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { containerName, labelsOf, sessionLabels } from './container-config.ts';

const kind = 'reader';
const MiB = 1024 ** 2;

/** Longest a reader lives when its host does not end it. */
const lifeSeconds = 3_600;

/**
 * Starts a container in which the workspace of a session can be read when it has no other; returns its id. It ends by
 * itself and the engine removes it then, whatever becomes of this host.
 */
export async function startReader(client: EngineClient, home: string, session: string, image: string): Promise<string> {
  const doing = `Workspace of session ${session}`;
  try {
    // The engine would make a volume that is missing.
    await client.getVolume(containerName(session)).inspect();
    const container = await client.createContainer({
      Image: image,
      Entrypoint: ['/app/bin/init', '--', '/bin/sleep', String(lifeSeconds)],
      Cmd: [],
      User: '1000:1000',
      Labels: { ...labelsOf(home, session), [sessionLabels.kind]: kind },
      WorkingDir: imagePaths.workspace,
      HostConfig: {
        AutoRemove: true,
        NetworkMode: 'none',
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        Memory: 256 * MiB,
        MemorySwap: 256 * MiB,
        PidsLimit: 64,
        Mounts: [{ Type: 'volume', Source: containerName(session), Target: imagePaths.workspace, ReadOnly: true }],
      },
    });
    try {
      await container.start();
    } catch (thrown) {
      await removeReader(client, container.id);
      throw thrown;
    }
    return container.id;
  } catch (thrown) {
    if (engineStatus(thrown) === 404) throw new AirlockError('not_found', 'The session has no workspace any more');
    throw toEngineError(thrown, doing, 'container_failed');
  }
}

/** One that cannot be removed now ends by itself. */
export async function removeReader(client: EngineClient, id: string): Promise<void> {
  await client
    .getContainer(id)
    .remove({ force: true })
    .catch(() => undefined);
}

/** Ends whoever reads the workspace of a session, so that it can be removed. */
export async function removeReadersOf(client: EngineClient, home: string, session: string): Promise<void> {
  const label = Object.entries({ ...labelsOf(home, session), [sessionLabels.kind]: kind }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const found = await client.listContainers({ all: true, filters: { label } }).catch(() => []);
  for (const { Id } of found) await removeReader(client, Id);
}
