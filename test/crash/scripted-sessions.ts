import type { Inbox } from '@airlock/host/inbox/inbox';
import type { Log } from '@airlock/host/log/log';
import { idle, newSessionRow, type SessionRow, sessionId } from '@airlock/host/sessions/session-row';
import type { Sessions } from '@airlock/host/sessions/sessions';
import { newId } from '@airlock/host/store/ids';
import type { Store, Tx } from '@airlock/host/store/store';
import type { Outcome } from '@airlock/protocol/service-channel';
import { noUsage } from '@airlock/protocol/usage';

interface ScriptedOptions {
  readonly store: Store;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly settle: (tx: Tx, execution: string, key: string, outcome: Outcome) => Promise<void>;
  /** Another answer whenever a turn is asked for again. */
  readonly vary: boolean;
}

const refuse = () => Promise.reject(new Error('A scripted session asks nothing'));
const nothing = () => Promise.resolve();

/** Sessions without containers: each turn is answered in a write of its own, and asked for again by the next host. */
export function createScriptedSessions({ store, log, inbox, settle, vary }: ScriptedOptions): Sessions {
  async function find(tx: Tx, execution: string, name: string): Promise<SessionRow | undefined> {
    return await tx.db
      .selectFrom('sessions')
      .selectAll()
      .where('execution', '=', execution)
      .where('name', '=', name)
      .executeTakeFirst();
  }

  /** Answers the turn in progress: one write for the message, one for its end. */
  async function answer(id: string): Promise<void> {
    const asked = await store.write(async (tx) => {
      const row = await tx.db
        .updateTable('sessions')
        .set((eb) => ({ turn_losses: eb('turn_losses', '+', 1) }))
        .where('id', '=', id)
        .where('turn_call', 'is not', null)
        .returningAll()
        .executeTakeFirst();
      if (!row) return undefined;
      const session = sessionId(row);
      const again = vary && row.turn_losses > 1 ? ` (asked ${row.turn_losses} times)` : '';
      const text = `About ${row.turn_frame}${again}`;
      await log.append(tx, row.execution, [
        { kind: 'message', payload: { session, messageId: `m-${row.turn_call}-${row.turn_losses}`, block: 0, text } },
      ]);
      return { row, text };
    });
    if (asked) await store.write(async (tx) => await endTurn(tx, asked.row, asked.text));
  }

  async function endTurn(tx: Tx, row: SessionRow, text: string): Promise<void> {
    const still = await tx.db
      .updateTable('sessions')
      .set(idle)
      .where('id', '=', row.id)
      .where('turn_call', '=', row.turn_call)
      .executeTakeFirst();
    if (still.numUpdatedRows === 0n || row.turn_call === null) return;
    const turn = { text, durationMs: 0, usage: noUsage };
    await log.append(tx, row.execution, [
      { kind: 'turn', payload: { session: sessionId(row), prompt: row.turn_prompt, ...turn } },
    ]);
    await settle(tx, row.execution, row.turn_call, { ok: true, value: turn });
  }

  async function answerOpen(): Promise<void> {
    const rows = await store.db.selectFrom('sessions').select('id').where('turn_call', 'is not', null).execute();
    for (const { id } of rows) await answer(id);
  }

  return {
    branch: () => undefined,
    toolUse: () => Promise.resolve(undefined),
    toolDone: nothing,
    steering: { say: refuse, interrupt: refuse, stopTask: refuse, change: refuse },
    describe: refuse,
    inside: refuse,
    readLog: refuse,
    pool: { check: () => Promise.resolve(), size: () => Promise.resolve({ count: 0, memoryBytes: 0 }) },
    async open(tx, execution, name, options) {
      const known = await find(tx, execution, name);
      if (known) return sessionId(known);
      const row = newSessionRow({ id: newId(), execution, name, image: 'none', token: 'none' }, options);
      await tx.db
        .insertInto('sessions')
        .values({ ...row, state: 'live' })
        .execute();
      await log.append(tx, execution, [{ kind: 'session', payload: { session: sessionId(row), state: 'starting' } }]);
      return sessionId(row);
    },

    async send(tx, execution, name, text, key) {
      const row = await find(tx, execution, name);
      if (!row || row.turn_call === key) return;
      const prompt = newId();
      await tx.db
        .updateTable('sessions')
        .set({ turn_call: key, turn_prompt: prompt, turn_frame: text, turn_losses: 0 })
        .where('id', '=', row.id)
        .execute();
      await log.append(tx, execution, [{ kind: 'prompt', payload: { session: sessionId(row), id: prompt, text } }]);
      tx.afterCommit(() => void answer(row.id).catch(() => undefined));
    },

    async end(tx, execution) {
      const rows = await tx.db
        .updateTable('sessions')
        .set({ ...idle, state: 'ended' })
        .where('execution', '=', execution)
        .where('state', '=', 'live')
        .returningAll()
        .execute();
      for (const row of rows) {
        await inbox.withdraw(tx, { execution, session: row.id });
        await log.append(tx, execution, [{ kind: 'session', payload: { session: sessionId(row), state: 'ended' } }]);
      }
    },

    async abandon(tx, execution, key) {
      await tx.db
        .updateTable('sessions')
        .set(idle)
        .where('execution', '=', execution)
        .where('turn_call', '=', key)
        .execute();
    },

    recover: answerOpen,
    adopt: answerOpen,
    release: nothing,
    purge: nothing,
    meter: nothing,
    checkStalls: nothing,
    checkSleep: nothing,
    before: () => undefined,
    checkWorkspaces: nothing,
    filesSettled: () => Promise.resolve(),
    detach: nothing,
    endAll: nothing,
    requestOwner: { check: refuse, answered: nothing, expired: nothing },
  };
}
