import { AirlockError } from '@airlock/protocol/errors';
import { type Call, callSchema, type Outcome } from '@airlock/protocol/service-channel';
import { sql } from 'kysely';
import type { Fence } from '../ownership/ownership.ts';
import type { Repositories } from '../repositories/repositories.ts';
import { fromJson } from '../store/json.ts';
import type { Store, Tx } from '../store/store.ts';
import { sessionByName, settingsOf } from './session-row.ts';
import type { Settle } from './settle.ts';

/*
 * F24. A call about a branch that a host has left without an outcome is begun again by the next one; to prepare or to push
 *      twice comes to the same.
 */

export type BranchCall = Extract<Call, { kind: 'branch_prepare' | 'branch_push' }>;

export function isBranchCall(call: Call): call is BranchCall {
  return call.kind === 'branch_prepare' || call.kind === 'branch_push';
}

interface BranchesOptions {
  readonly store: Store;
  readonly repositories: Repositories;
  readonly settle: Settle;
  readonly fence: Fence;
  readonly logger: { warn(fields: object, text: string): void };
}

/** What services ask about branches of repositories of their sessions. */
export interface Branches {
  /** Begins a call once it is stored; its outcome is stored when it has one. */
  begin(tx: Tx, execution: string, key: string, call: BranchCall): void;
  /** Begins again what was left without an outcome, in executions of this host. */
  resume(): Promise<void>;
  /** Lets go of all of it; the next host begins it again. */
  stop(): void;
}

export function createBranches({ store, repositories, settle, fence, logger }: BranchesOptions): Branches {
  const working = new Set<string>();
  const stopping = new AbortController();

  async function work(execution: string, call: BranchCall): Promise<Outcome> {
    const [row] = await store.run(sessionByName, { execution, name: call.session });
    const repository = row && settingsOf(row).repository;
    if (!repository) throw new AirlockError('service_failed', `Session ${call.session} has no repository`);
    const session = { id: row.id, execution, container: row.container, repository };
    if (call.kind === 'branch_prepare') {
      return { ok: true, value: await repositories.prepare(session, call.message, stopping.signal) };
    }
    await repositories.push(session, call, stopping.signal);
    return { ok: true, value: null };
  }

  async function run(execution: string, key: string, call: BranchCall): Promise<void> {
    const name = `${execution} ${key}`;
    if (working.has(name)) return;
    working.add(name);
    try {
      const outcome = await work(execution, call).catch((error: unknown): Outcome => {
        if (stopping.signal.aborted) throw error;
        return { ok: false, error: AirlockError.from(error, 'repository_unusable').toBody() };
      });
      await store.write((tx) => settle(tx, execution, key, outcome));
    } catch (error) {
      logger.warn({ execution, key, error }, 'A branch was not dealt with; the next host does');
    } finally {
      working.delete(name);
    }
  }

  return {
    begin: (tx, execution, key, call) => tx.afterCommit(() => void run(execution, key, call)),

    async resume() {
      const open = await store.db
        .selectFrom('calls')
        .innerJoin('executions', 'executions.id', 'calls.execution')
        .select(['calls.execution', 'calls.key', 'calls.call'])
        .where('executions.owner', '=', fence.host)
        .where('calls.outcome', 'is', null)
        .where(sql`call ->> 'kind'`, 'in', ['branch_prepare', 'branch_push'])
        .execute();
      for (const { execution, key, call } of open) {
        const parsed = fromJson(callSchema, call, `Call ${key}`);
        if (isBranchCall(parsed)) void run(execution, key, parsed);
      }
    },

    stop: () => stopping.abort(),
  };
}
