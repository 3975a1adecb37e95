import type { Duplex } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import { imagePaths } from '@airlock/protocol/image';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';
import { containerConfig, containerName, sessionLabels } from './container-config.ts';
import { containerLog, lastWords } from './container-log.ts';
import { execStream, execText } from './exec.ts';
import { containerState } from './exit-state.ts';
import { look } from './look.ts';
import type { ContainerSpec, ContainerState, PlacedContainer, Placement } from './placement.ts';
import { waitFor } from './wait-exit.ts';
import { findFiles, packFolder, packFound, unpackInto } from './workspace-files.ts';
import { removeReader, removeReadersOf, startReader } from './workspace-reader.ts';
import { packPaths, runIn, scanWorkspace } from './workspace-scan.ts';
import { WorkspaceVolumes } from './workspace-volume.ts';

export interface LocalPlacementOptions {
  readonly client: EngineClient;
  /** A short hash of the installation; only containers with its label are ours. */
  readonly home: string;
  /**
   * Whether to ask the engine for volumes of a limited size where it can make them. Podman takes the wish always and
   * then cannot mount such a volume without quotas, so there it is not asked. @default true
   */
  readonly quotas?: boolean;
  /**
   * CPUs a container has until it is settled. Two programs start in it at once, and people wait for them; an engine
   * that has no more CPUs, or cannot change a container's share, is given what the session has anyway. @default 0
   */
  readonly startCpus?: number;
}

const ignore = (): undefined => undefined;
const lastLogLines = 400;
const removalMs = 30_000;

/** Session containers on one engine. */
export function createLocalPlacement(options: LocalPlacementOptions): Placement {
  const { client, home, quotas = true, startCpus = 0 } = options;
  const volumes = new WorkspaceVolumes(client, home, quotas);
  return {
    start: async (spec) => await start(client, volumes, home, spec, startCpus),
    settle: async (containerId, cpus) => {
      if (startCpus > cpus) await settle(client, containerId, cpus);
    },
    // One that has the name, or is gone, needs none.
    claim: async (containerId, session) =>
      await client
        .getContainer(containerId)
        .rename({ name: containerName(session) })
        .then(ignore, ignore),
    bridge: async (containerId): Promise<Duplex> =>
      await execStream({ client, containerId, command: [imagePaths.bridge], doing: 'Opening the wire' }),
    inspect: async (containerId) => await inspect(client, containerId),
    waitExit: async (containerId, signal) => await waitExit(client, containerId, signal),
    lastWords: async (containerId) => lastWords(await containerLog(client, containerId, lastLogLines)),
    log: async (containerId, tail) => await containerLog(client, containerId, tail),
    look: async (containerId) => await look(client, containerId),
    workspaceBytes: async (containerId) => await workspaceBytes(client, containerId),
    unpack: async (containerId, tar) => await unpackInto(client, containerId, tar),
    findFiles: async (containerId, folder) => await findFiles(client, containerId, folder),
    pack: async (containerId, folder, paths) =>
      paths === undefined
        ? await packFolder(client, containerId, folder)
        : await packFound(client, containerId, folder, paths),
    scan: async (containerId) => await scanWorkspace(client, containerId),
    packPaths: async (containerId, paths) => await packPaths(client, containerId, paths),
    startReader: async (session, image) => await startReader(client, home, session, image),
    run: async (containerId, command, doing) => await runIn(client, containerId, command, doing),
    removeReader: async (containerId) => await removeReader(client, containerId),
    remove: async (containerId) => await remove(client, containerId),
    removeWorkspace: async (session) => {
      await removeReadersOf(client, home, session);
      await volumes.remove(session);
    },
    list: async () => await list(client, home),
    listWorkspaces: async () => await volumes.list(),
  };
}

async function start(
  client: EngineClient,
  volumes: WorkspaceVolumes,
  home: string,
  spec: ContainerSpec,
  startCpus: number,
): Promise<PlacedContainer> {
  const session = spec.session.session;
  const madeVolume = await volumes.ensure(session, spec.workspaceBytes);
  let id: string | undefined;
  try {
    id = await create(client, home, spec, startCpus);
    await client.getContainer(id).start();
    return { id, session };
  } catch (thrown) {
    // The failure to start is what counts; what cannot be cleaned up is listed and removed at the next start.
    if (id !== undefined) await remove(client, id).catch(() => {});
    if (madeVolume) await volumes.remove(session).catch(() => {});
    throw toEngineError(thrown, `Container ${containerName(session)}`, 'container_failed');
  }
}

/** A stopped container of the same session is in the way of the name, and replaced. */
async function create(client: EngineClient, home: string, spec: ContainerSpec, startCpus: number): Promise<string> {
  const config = containerConfig(spec, home, Math.max(startCpus, spec.cpus));
  try {
    return (await client.createContainer(config)).id;
  } catch (thrown) {
    if (engineStatus(thrown) !== 409) throw thrown;
    const old = await client.getContainer(containerName(spec.session.session)).inspect();
    if (old.State.Running || old.Config.Labels[sessionLabels.home] !== home) throw thrown;
    await remove(client, old.Id);
    return (await client.createContainer(config)).id;
  }
}

/** A container that is gone needs no share; one that keeps more for now is settled when its next wire opens. */
async function settle(client: EngineClient, containerId: string, cpus: number): Promise<void> {
  await client
    .getContainer(containerId)
    .update({ NanoCpus: Math.round(cpus * 1e9) })
    .catch(() => undefined);
}

async function inspect(client: EngineClient, containerId: string): Promise<ContainerState> {
  try {
    return containerState((await client.getContainer(containerId).inspect()).State);
  } catch (thrown) {
    if (engineStatus(thrown) === 404) return { kind: 'missing' };
    throw toEngineError(thrown, `Container ${containerId}`, 'container_failed');
  }
}

async function waitExit(client: EngineClient, containerId: string, signal: AbortSignal): Promise<ContainerState> {
  try {
    await waitFor('not-running', { client, containerId, signal });
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (engineStatus(thrown) !== 404) throw toEngineError(thrown, `Container ${containerId}`, 'container_failed');
  }
  return await inspect(client, containerId);
}

/** Counts blocks in use: what a sparse file claims is not there. */
async function workspaceBytes(client: EngineClient, containerId: string): Promise<number> {
  // A file that vanishes under du is no failure of the count, hence `|| true`.
  const command = ['/bin/sh', '-c', `du -sk ${imagePaths.workspace} 2>/dev/null || true`];
  const out = await execText({ client, containerId, command, doing: 'Measuring the workspace' });
  const kibibytes = Number.parseInt(out, 10);
  if (Number.isNaN(kibibytes)) throw new AirlockError('container_failed', `Measuring the workspace: ${out.trim()}`);
  return kibibytes * 1024;
}

async function remove(client: EngineClient, containerId: string): Promise<void> {
  try {
    await client.getContainer(containerId).remove({ force: true });
  } catch (thrown) {
    const status = engineStatus(thrown);
    if (status === 404) return;
    if (status !== 409) throw toEngineError(thrown, `Removing container ${containerId}`, 'container_failed');
    await untilRemoved(client, containerId);
  }
}

/** Someone else is removing it: waits for that. */
async function untilRemoved(client: EngineClient, containerId: string): Promise<void> {
  try {
    await waitFor('removed', { client, containerId, signal: AbortSignal.timeout(removalMs) });
  } catch (thrown) {
    if (engineStatus(thrown) !== 404)
      throw toEngineError(thrown, `Removing container ${containerId}`, 'container_failed');
  }
}

async function list(client: EngineClient, home: string): Promise<PlacedContainer[]> {
  try {
    const label = [`${sessionLabels.home}=${home}`, `${sessionLabels.kind}=session`];
    const found = await client.listContainers({ all: true, filters: { label } });
    return found.map(({ Id, Labels }) => {
      const session = Labels[sessionLabels.session];
      if (session === undefined) throw new AirlockError('container_failed', `Container ${Id} has no session label`);
      return { id: Id, session };
    });
  } catch (thrown) {
    throw toEngineError(thrown, 'Listing containers', 'container_failed');
  }
}
