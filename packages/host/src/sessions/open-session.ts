import { randomBytes } from 'node:crypto';
import { type Id, idSchema } from '@airlock/protocol/ids';
import type { McpServers } from '@airlock/protocol/mcp';
import type { SessionOptions } from '@airlock/protocol/service-channel';
import type { Log } from '../log/log.ts';
import type { WorkerImage } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import type { Tx } from '../store/store.ts';
import { newSessionRow, sessionByName, sessionId } from './session-row.ts';
import { kindOf } from './session-spec.ts';
import type { Spares } from './spares.ts';

interface Opening {
  readonly execution: string;
  readonly name: string;
  readonly options: SessionOptions;
  readonly image: WorkerImage;
  readonly now: Date;
  /** Containers that are started already. */
  readonly spares: Pick<Spares, 'take'>;
  /** Throws when a secret that one of the servers names is not there. */
  readonly requireSecrets: (servers: McpServers) => void;
}

interface Opened {
  readonly id: Id;
  readonly isNew: boolean;
  /** The container it has from the start, which was a spare. */
  readonly spare: string | null;
  /** Of its execution, when the session is new. */
  readonly service: string;
}

const ready = { detail: 'In a container that was started ahead of time' } as const;

/** Makes the session of this name, or finds it. */
export async function openSession(
  tx: Tx,
  log: Log,
  { execution, name, options, image, now, spares, requireSecrets }: Opening,
): Promise<Opened> {
  const [known] = await tx.run(sessionByName, { execution, name });
  if (known) return { id: sessionId(known), isNew: false, spare: null, service: '' };
  const service = await serviceOf(tx, execution);
  requireSecrets(options.mcpServers ?? {});
  const given = JSON.stringify(options);
  const kind = kindOf({ id: name, options: given, grants: null, token: '' }, service);
  // One of its kind may have been started for another service: taking it would be one more than this one wants.
  const spare = options.atOnce === undefined ? await spares.take(tx, kind, image) : undefined;
  const id = idSchema.parse(spare?.id ?? newId());
  const token = spare?.token ?? randomBytes(32).toString('base64url');
  const { reference, digest } = image;
  const row = newSessionRow({ id, execution, name, image: reference, digest, token }, options);
  await tx.db
    .insertInto('sessions')
    .values({ ...row, container: spare?.container ?? null, idle_at: now.toISOString() })
    .execute();
  await log.append(tx, execution, [
    { kind: 'session', payload: { session: id, state: 'starting', image: reference, digest, ...(spare && ready) } },
  ]);
  return { id, isNew: true, spare: spare?.container ?? null, service };
}

async function serviceOf({ db }: Tx, execution: string): Promise<string> {
  const of = db.selectFrom('executions').select('service').where('id', '=', execution);
  return (await of.executeTakeFirstOrThrow()).service;
}
