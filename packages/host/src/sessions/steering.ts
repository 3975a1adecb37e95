import type { SessionChange, User } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import type { DownFrame } from '@airlock/protocol/wire';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { WorkerImage } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import type { Store, Tx } from '../store/store.ts';
import { queueDown } from './outbox.ts';
import { whatIsAsked } from './put-off.ts';
import { grantsOf, isOngoing, type SessionRow, sessionId, settingsOf, tasksOf } from './session-row.ts';
import { wake } from './sleep.ts';

/** What people do with a conversation beside answering what it asks. The owner of the execution may, and administrators. */
export interface Steering {
  /** Says something to Claude: in the turn in progress, at its next step, else in a turn of its own. */
  say(session: string, text: string, by: User): Promise<void>;
  /** Stops the turn in progress; nothing happens when there is none. */
  interrupt(session: string, by: User): Promise<void>;
  /** Stops something that runs beside Claude; nothing happens when it has ended. */
  stopTask(session: string, task: string, by: User): Promise<void>;
  /** Changes how Claude works from now on, also after its container was lost. */
  change(session: string, change: SessionChange, by: User): Promise<void>;
}

interface SteeringOptions {
  readonly store: Store;
  readonly log: Log;
  readonly inbox: Pick<Inbox, 'withdraw'>;
  /** Something was queued for the session; `wakes` when it slept. */
  readonly onQueued: (session: string, wakes: boolean) => void;
  /** The worker image now in use. */
  readonly image: () => WorkerImage;
}

export function createSteering({ store, log, inbox, onQueued, image }: SteeringOptions): Steering {
  /** Does something to a session that goes on, in one write. */
  async function steer(id: string, by: User, act: (tx: Tx, row: SessionRow) => Promise<DownFrame>): Promise<void> {
    await store.write(async (tx) => {
      const row = await tx.db
        .selectFrom('sessions')
        .innerJoin('executions', 'executions.id', 'sessions.execution')
        .selectAll('sessions')
        .select('executions.user')
        .where('sessions.id', '=', id)
        .executeTakeFirst();
      if (!row) throw new AirlockError('not_found', `There is no session ${id}`);
      if (by.role !== 'admin' && by.name !== row.user) {
        throw new AirlockError('forbidden', `It is steered by ${row.user} and administrators`);
      }
      if (!isOngoing(row)) throw new AirlockError('session_ended', `It is ${row.state}`);
      const isWaiting = (await whatIsAsked(tx, id)) !== 'nothing';
      const frame = await act(tx, row);
      // One without a container to be told has nothing in progress, and its next one is made as it is now.
      if (frame.type !== 'prompt' && isAsleep(row) && !isWaiting) return;
      if (frame.type === 'prompt' || row.state !== 'hibernated') await queueDown(tx, id, frame);
      tx.afterCommit(() => onQueued(id, row.state === 'hibernated'));
    });
  }

  /** One that sleeps in a turn wakes to hear that it is stopped (H15). */
  async function stopAsleep(tx: Tx, row: SessionRow): Promise<void> {
    if ((await whatIsAsked(tx, row.id)) === 'nothing') return;
    await inbox.withdraw(tx, { execution: row.execution, session: row.id });
    await wake(tx, log, row, image());
  }

  return {
    say: (id, text, by) =>
      steer(id, by, async (tx, row) => {
        const uuid = newId();
        const payload = { session: sessionId(row), id: uuid, text, by: by.name };
        await wake(tx, log, row, image());
        await log.append(tx, row.execution, [{ kind: 'prompt', payload }]);
        // One that rests for want of something to do has something to do.
        await tx.db
          .updateTable('sessions')
          .set({ losses: 0, idle_at: idleAfterWord(row) })
          .where('id', '=', id)
          .execute();
        return { type: 'prompt', uuid, text };
      }),

    interrupt: (id, by) =>
      steer(id, by, async (tx, row) => {
        const payload = { session: sessionId(row), state: 'interrupted', detail: `by ${by.name}` } as const;
        await log.append(tx, row.execution, [{ kind: 'session', payload }]);
        if (isAsleep(row)) await stopAsleep(tx, row);
        return { type: 'interrupt' };
      }),

    stopTask: (id, task, by) =>
      steer(id, by, async (tx, row) => {
        const known = tasksOf(row).find((each) => each.id === task);
        if (!known) throw new AirlockError('not_found', `Nothing with the id ${task} runs beside Claude`);
        const payload = {
          session: sessionId(row),
          state: 'interrupted',
          detail: `${known.about}, by ${by.name}`,
        } as const;
        await log.append(tx, row.execution, [{ kind: 'session', payload }]);
        return { type: 'stop_task', id: task };
      }),

    change: (id, change, by) =>
      steer(id, by, async (tx, row) => {
        const { permissionMode } = change;
        const grants = [...grantsOf(row), ...(permissionMode ? [{ type: 'setMode', mode: permissionMode }] : [])];
        await tx.db
          .updateTable('sessions')
          .set({
            options: JSON.stringify(optionsWith(row, change)),
            grants: grants.length === 0 ? null : JSON.stringify(grants),
          })
          .where('id', '=', id)
          .execute();
        const what = Object.entries(change).map(([name, value]) => `${words[name] ?? name}: ${value ?? 'as usual'}`);
        const payload = {
          session: sessionId(row),
          state: 'changed',
          detail: `${what.join(', ')}, by ${by.name}`,
        } as const;
        await log.append(tx, row.execution, [{ kind: 'session', payload }]);
        return { type: 'settings', ...change };
      }),
  };
}

function isAsleep({ state }: SessionRow): boolean {
  return state === 'hibernating' || state === 'hibernated';
}

/** One that falls asleep goes on doing so: the word is for its next container. */
function idleAfterWord({ state, idle_at }: SessionRow): string | null {
  return state === 'hibernating' ? idle_at : null;
}

const words: Readonly<Record<string, string>> = { permissionMode: 'mode' };

/** The options of the session as its next container is to have them. */
function optionsWith(row: SessionRow, { model, effort }: SessionChange) {
  const { model: modelBefore, effort: effortBefore, ...others } = settingsOf(row);
  return {
    ...others,
    model: model === undefined ? modelBefore : (model ?? undefined),
    effort: effort === undefined ? effortBefore : (effort ?? undefined),
  };
}
