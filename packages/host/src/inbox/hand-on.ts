import type { AssignBody } from '@airlock/protocol/api';
import type { Assign } from '@airlock/protocol/assign';
import { AirlockError } from '@airlock/protocol/errors';
import type { NewEvent } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import type { Handed } from '@airlock/protocol/requests';
import type { Store, Tx } from '../store/store.ts';
import type { RequestRow } from './request-row.ts';

/** Whom a request is for once it is handed on; whoever started the execution stays among them. */
export async function assigneeOf({ db }: Store, to: AssignBody['to']): Promise<Assign> {
  if ('role' in to) return { roles: [to.role], owner: true };
  const { user } = to;
  const known = await db.selectFrom('users').select('name').where('name', '=', user).executeTakeFirst();
  if (known) return { users: [user], owner: true };
  throw new AirlockError('invalid_inputs', 'It cannot be handed on', { fields: { to: [`There is no user ${user}`] } });
}

/** False when it is open no more. */
export async function storeAssignee(tx: Tx, id: string, assign: Assign, handed: Handed): Promise<boolean> {
  const stored = await tx.db
    .updateTable('requests')
    .set({ assign: JSON.stringify(assign), handed: JSON.stringify(handed) })
    .where('id', '=', id)
    .where('status', '=', 'open')
    .returning('id')
    .executeTakeFirst();
  return stored !== undefined;
}

export function assignedEvent({ id }: Pick<RequestRow, 'id'>, assign: Assign, { by, to, note }: Handed): NewEvent {
  const who = by === undefined ? {} : { by };
  const whom = to === undefined ? {} : { to };
  const said = note === undefined ? {} : { note };
  return { kind: 'assigned', payload: { request: idSchema.parse(id), assign, ...who, ...whom, ...said } };
}
