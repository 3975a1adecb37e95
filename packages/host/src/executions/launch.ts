import { createHash } from 'node:crypto';
import { AirlockError } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import type { FormFiles } from '../files/form-files.ts';
import type { Log } from '../log/log.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Versions } from '../versions/versions.ts';
import { newExecutionRow } from './execution-row.ts';
import type { Current } from './served.ts';

/*
 * Launches.
 *
 * Z1. A launch is on disk before it is acknowledged.
 * Z2. One sent again by the same user under the same Idempotency-Key is the one before; under it, nothing else is launched.
 */

interface Launch {
  readonly id: string;
  /** What it runs, to its end. */
  readonly current: Pick<Current, 'version' | 'manifest'>;
  /** Checked against the form of the service, its files placed. */
  readonly inputs: JsonObject;
  /** As they were sent. */
  readonly given: JsonObject;
  readonly user: string;
  readonly key: string | undefined;
  readonly owner: { readonly owner: string; readonly epoch: number };
}

interface LaunchSinks {
  readonly log: Log;
  readonly formFiles: Pick<FormFiles, 'record'>;
  readonly versions: Pick<Versions, 'keep'>;
  /** Holds a new execution, from the commit on. */
  readonly hold: (execution: string) => void;
  readonly clock: () => Date;
}

/** Makes an execution that has not begun, or finds the one launched under the same key. */
export async function launchExecution(tx: Tx, launch: Launch, { log, formFiles, versions, hold, clock }: LaunchSinks) {
  const { id, inputs, given, user, key, owner } = launch;
  const { version, manifest } = launch.current;
  const known = key === undefined ? undefined : await findLaunch(tx.db, { service: manifest.name, given, user, key });
  if (known !== undefined) return { id: known, isNew: false };
  const row = {
    ...newExecutionRow(manifest.name, manifest.title, inputs, user, clock(), version.hash),
    id,
    ...owner,
    ...(key === undefined ? {} : { launch_key: key, launch_hash: hashOf(manifest.name, given) }),
  };
  await versions.keep(tx, version, manifest);
  await tx.db.insertInto('executions').values(row).execute();
  tx.afterCommit(() => hold(row.id));
  await log.append(tx, row.id, [
    { kind: 'status', payload: { status: 'starting' } },
    { kind: 'meta', payload: { service: manifest.name, title: manifest.title, user } },
    { kind: 'inputs', payload: { inputs } },
  ]);
  await formFiles.record(tx, row.id, manifest.elements, inputs, user);
  return { id: row.id, isNew: true };
}

/** The execution launched under the same key; rejects with `launch_conflict` when something else was. */
export async function findLaunch(
  db: Store['db'],
  { service, given, user, key }: Pick<Launch, 'given' | 'user'> & { readonly service: string; readonly key: string },
): Promise<string | undefined> {
  const known = await db
    .selectFrom('executions')
    .select(['id', 'launch_hash'])
    .where('user', '=', user)
    .where('launch_key', '=', key)
    .executeTakeFirst();
  if (known && known.launch_hash !== hashOf(service, given)) {
    throw new AirlockError('launch_conflict', `It started execution ${known.id}`);
  }
  return known?.id;
}

/** Of what was sent, not of what a form made of it: forms change. */
function hashOf(service: string, given: JsonObject): string {
  const sorted = Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([service, sorted]))
    .digest('hex');
}
