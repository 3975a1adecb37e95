import { AirlockError } from '@airlock/protocol/errors';
import type { SessionSpec } from '@airlock/protocol/wire';
import type { CacheMount, Placement, WorkerImage } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import { openStates, type SessionRow, settingsOf } from './session-row.ts';

export interface ContainerDeps {
  readonly store: Store;
  readonly placement: Placement;
  readonly specOf: (row: SessionRow) => Promise<SessionSpec>;
  /** Runs `work` with the caches of the session's service, which are filled first. Rejects with the reason of `signal`. */
  readonly withCaches: <T>(
    row: SessionRow,
    signal: AbortSignal,
    work: (caches: readonly CacheMount[]) => Promise<T>,
  ) => Promise<T>;
  readonly log: { debug(fields: object, text: string): void; warn(fields: object, text: string): void };
}

/** Whether the session should have a container; one that is ending needs none to end. */
export function wantsContainer({ state, container }: SessionRow): boolean {
  if (container === null && state === 'ending') return false;
  return openStates.some((open) => open === state);
}

/** Whether a container can wait for what it cannot be started without: people wait for the first one, and are told at once. */
export function canWaitFor({ replaces, epoch }: SessionRow, { code }: AirlockError): boolean {
  return (replaces !== null || epoch > 0) && (code === 'engine_unreachable' || code === 'image_missing');
}

/** Gives a session whose image is gone the one now in use: its host was updated meanwhile. False when that is the same. */
export async function takeNewImage(store: Store, { id, image }: SessionRow, inUse: WorkerImage): Promise<boolean> {
  const { reference, digest } = inUse;
  if (image === reference) return false;
  await store.write(async (tx) => {
    await tx.db.updateTable('sessions').set({ image: reference, digest }).where('id', '=', id).execute();
  });
  return true;
}

/** Removes the container that is gone, if it is still there; what cannot be removed now is when the next one starts. */
export async function removeReplaced({ id, replaces }: SessionRow, deps: ContainerDeps): Promise<void> {
  if (replaces === null) return;
  await deps.placement.remove(replaces).catch((error: unknown) => {
    deps.log.warn({ session: id, error }, 'A lost container could not be removed');
  });
}

/** Starts the container of a session that has none, after removing the one it replaces; returns its id. */
export async function startContainer(row: SessionRow, deps: ContainerDeps, signal: AbortSignal): Promise<string> {
  if (row.replaces !== null) await deps.placement.remove(row.replaces);
  const { memoryBytes, workspaceBytes, cpus } = settingsOf(row);
  const session = await deps.specOf(row);
  const common = { image: row.image, session, memoryBytes, workspaceBytes, cpus };
  const placed = await deps.withCaches(row, signal, (caches) => deps.placement.start({ ...common, caches }));
  return placed.id;
}

/** Why a container cannot be talked to any more; undefined while it can. Rejects when the engine cannot be asked. */
export async function whyGone(
  row: SessionRow,
  container: string,
  deps: Pick<ContainerDeps, 'placement'>,
): Promise<AirlockError | undefined> {
  const state = await deps.placement.inspect(container);
  if (state.kind === 'running') return undefined;
  if (state.kind === 'missing') return new AirlockError('container_lost', 'It was removed from outside');
  if (state.outOfMemory) {
    const limit = `${Math.round(settingsOf(row).memoryBytes / 1024 ** 2)} MiB`;
    return new AirlockError('container_out_of_memory', `It used more than its limit of ${limit}`);
  }
  const words = await deps.placement.lastWords(container).catch(() => '');
  return new AirlockError('container_lost', `${howEnded(state.code)}${words ? `: ${words}` : ''}`);
}

/** An exit code of 128 and more is the number of the signal that ended it. */
function howEnded(code: number): string {
  return code === 137 ? 'It was killed' : `It ended with code ${code}`;
}
