import { AirlockError, errorBodySchema } from '@airlock/protocol/errors';
import { type Task, taskSchema } from '@airlock/protocol/facts';
import { type Grant, grantSchema } from '@airlock/protocol/grants';
import { type Id, idSchema } from '@airlock/protocol/ids';
import { type SessionOptions, sessionOptionsSchema } from '@airlock/protocol/service-channel';
import { noUsage } from '@airlock/protocol/usage';
import type { ExpressionBuilder, Selectable } from 'kysely';
import * as z from 'zod';
import type { Fence } from '../ownership/ownership.ts';
import { fromJson } from '../store/json.ts';
import type { Schema, SessionsTable } from '../store/schema.ts';
import { statement } from '../store/statement.ts';
import type { Store, Tx } from '../store/store.ts';

export type SessionRow = Selectable<SessionsTable>;

/** Settings of a session with every default filled in. Times in milliseconds, sizes in bytes. */
export interface SessionSettings extends SessionOptions {
  readonly stallMs: number;
  readonly answerMs: number;
  readonly workspaceBytes: number;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** 0: never. */
  readonly hibernateMs: number;
  readonly hiddenLines: string[];
}

const minute = 60_000;
const gibibyte = 1024 ** 3;

export function settingsOf(row: Pick<SessionRow, 'id' | 'options'>): SessionSettings {
  const given = fromJson(sessionOptionsSchema, row.options, `Options of session ${row.id}`);
  return {
    ...given,
    stallMs: given.stallMs ?? 11 * minute,
    answerMs: given.answerMs ?? 7 * 24 * 60 * minute,
    workspaceBytes: given.workspaceBytes ?? 5 * gibibyte,
    memoryBytes: given.memoryBytes ?? gibibyte,
    cpus: given.cpus ?? 1,
    hibernateMs: given.hibernateMs ?? 10 * minute,
    hiddenLines: given.hiddenLines ?? [],
  };
}

/** What people have allowed for all of the conversation, in the order they did. */
export function grantsOf({ id, grants }: Pick<SessionRow, 'id' | 'grants'>): Grant[] {
  return grants === null ? [] : fromJson(z.array(grantSchema), grants, `Grants of session ${id}`);
}

/** What runs beside Claude. */
export function tasksOf({ id, tasks }: Pick<SessionRow, 'id' | 'tasks'>): Task[] {
  return tasks === null ? [] : fromJson(z.array(taskSchema), tasks, `Tasks of session ${id}`);
}

/** No turn is in progress. */
export const idle = { turn_call: null, turn_prompt: null, turn_frame: null } as const;

/** A session that has not started yet. */
export function newSessionRow(
  of: Pick<SessionRow, 'id' | 'execution' | 'name' | 'image' | 'token'> & { readonly digest?: string },
  options: SessionOptions,
): SessionRow {
  return {
    ...of,
    state: 'starting',
    options: JSON.stringify(options),
    container: null,
    replaces: null,
    losses: 0,
    turn_losses: 0,
    epoch: 0,
    up_committed: 0,
    down_queued: 0,
    ...idle,
    turn_usage: JSON.stringify(noUsage),
    problem: null,
    // The files of the session itself come first.
    files_taken: options.files === undefined ? 0 : -1,
    grants: null,
    unspent: null,
    digest: of.digest ?? null,
    facts: null,
    context: null,
    tasks: null,
    idle_at: null,
    queued_at: null,
  };
}

export function sessionId(row: Pick<SessionRow, 'id'>): Id {
  return idSchema.parse(row.id);
}

/** Why a session is over. */
export function problemOf(row: SessionRow): AirlockError {
  if (row.problem === null) return new AirlockError('container_lost', 'The session has ended');
  return AirlockError.fromBody(fromJson(errorBodySchema, row.problem, `Problem of session ${row.id}`));
}

export async function findSession(store: Store, id: string): Promise<SessionRow | undefined> {
  return await store.db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
}

export const sessionByName = statement<{ execution: string; name: string }, SessionRow>((db, param) =>
  db.selectFrom('sessions').selectAll().where('execution', '=', param('execution')).where('name', '=', param('name')),
);

/** A turn begins: its call, and the prompt it is about. */
export const beginTurn = statement<{ id: string; call: string; prompt: string; frame: string }, never>(
  (db, param) =>
    db
      .updateTable('sessions')
      .set((eb) => ({
        turn_call: param('call'),
        turn_prompt: param('prompt'),
        turn_frame: param('frame'),
        turn_usage: JSON.stringify(noUsage),
        losses: 0,
        turn_losses: 0,
        // One that falls asleep goes on doing so: the turn is for its next container.
        idle_at: eb.case().when('state', '=', 'hibernating').then(eb.ref('idle_at')).else(null).end(),
      }))
      .where('id', '=', param('id')) as never,
);

/** The session's container from now on; nothing has come from it yet. */
export async function takeContainer(tx: Tx, id: string, container: string): Promise<void> {
  await tx.db
    .updateTable('sessions')
    .set({ container, replaces: null, up_committed: 0, queued_at: null })
    .where('id', '=', id)
    .execute();
}

/** States in which a container should exist. */
export const openStates = ['starting', 'live', 'hibernating', 'ending'] as const;

/** States in which something can be said to Claude. */
export const ongoingStates = ['starting', 'live', 'hibernating', 'hibernated'] as const;

export function isOngoing({ state }: Pick<SessionRow, 'state'>): boolean {
  return ongoingStates.some((ongoing) => ongoing === state);
}

/** Whether the execution of a session is this host's: a condition on a row of `sessions`. */
export function isOfHost({ host }: Fence) {
  return (eb: ExpressionBuilder<Schema, 'sessions'>) =>
    eb.exists(
      eb
        .selectFrom('executions')
        .select('executions.id')
        .whereRef('executions.id', '=', 'sessions.execution')
        .where('executions.owner', '=', host),
    );
}
