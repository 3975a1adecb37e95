import { randomBytes } from 'node:crypto';
import { type Id, idSchema } from '@airlock/protocol/ids';
import type { SessionOptions } from '@airlock/protocol/service-channel';
import type { Log } from '../log/log.ts';
import type { WorkerImage } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import type { Tx } from '../store/store.ts';
import { newSessionRow, sessionByName, sessionId } from './session-row.ts';

interface Opening {
  readonly execution: string;
  readonly name: string;
  readonly options: SessionOptions;
  readonly image: WorkerImage;
  readonly now: Date;
}

/** Makes the session of this name, or finds it. */
export async function openSession(
  tx: Tx,
  log: Log,
  { execution, name, options, image, now }: Opening,
): Promise<{ id: Id; isNew: boolean }> {
  const [known] = await tx.run(sessionByName, { execution, name });
  if (known) return { id: sessionId(known), isNew: false };
  const id = idSchema.parse(newId());
  const token = randomBytes(32).toString('base64url');
  const { reference, digest } = image;
  const row = newSessionRow({ id, execution, name, image: reference, digest, token }, options);
  await tx.db
    .insertInto('sessions')
    .values({ ...row, idle_at: now.toISOString() })
    .execute();
  await log.append(tx, execution, [
    { kind: 'session', payload: { session: id, state: 'starting', image: reference, digest } },
  ]);
  return { id, isNew: true };
}
