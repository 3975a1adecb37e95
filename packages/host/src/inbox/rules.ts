import { type Assign, type Assignee, assigneeSchema } from '@airlock/protocol/assign';
import { idSchema } from '@airlock/protocol/ids';
import type { Handed } from '@airlock/protocol/requests';
import * as z from 'zod';
import type { Log } from '../log/log.ts';
import { fromJson } from '../store/json.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Timers } from '../timers/timers.ts';
import { assignedEvent, storeAssignee } from './hand-on.ts';
import { assignOf, type RequestRow } from './request-row.ts';

/** Who may answer, too, once a request has waited so long. */
export interface Escalation {
  readonly afterMs: number;
  readonly to: Assignee;
}

const rulesSchema = z.object({
  /** When people are reminded, ISO 8601, those to come. */
  remind: z.array(z.iso.datetime()),
  /** Reminders so far. */
  reminded: z.number().int().nonnegative(),
  escalate: z.object({ at: z.iso.datetime(), to: assigneeSchema }).optional(),
});
type Rules = z.infer<typeof rulesSchema>;

interface Asked {
  readonly remindMs?: readonly number[] | undefined;
  readonly escalate?: Escalation | undefined;
}

/** What is to happen while nobody answers, from `now` on; null: nothing. */
export function rulesOf({ remindMs = [], escalate }: Asked, now: Date): Rules | null {
  if (remindMs.length === 0 && escalate === undefined) return null;
  const at = (ms: number) => new Date(now.getTime() + ms).toISOString();
  const remind = [...new Set(remindMs)].sort((a, b) => a - b).map(at);
  return {
    remind,
    reminded: 0,
    ...(escalate === undefined ? {} : { escalate: { at: at(escalate.afterMs), to: escalate.to } }),
  };
}

/** Sets the timers that rules want next. */
export async function setRules(
  tx: Tx,
  timers: Timers,
  { execution, id }: Pick<RequestRow, 'execution' | 'id'>,
  {
    remind: [first] = [],
    escalate,
  }: Partial<Pick<Rules, 'remind'>> & { readonly escalate?: Rules['escalate'] | undefined },
): Promise<void> {
  if (first !== undefined) await timers.set(tx, { execution, kind: 'remind', ref: id, at: new Date(first) });
  if (escalate) await timers.set(tx, { execution, kind: 'escalate', ref: id, at: new Date(escalate.at) });
}

interface Deps {
  readonly store: Store;
  readonly log: Log;
  readonly timers: Timers;
  readonly clock: () => Date;
}

/** X8: does what the timer of an open request is for, if it is time, and takes the timer back in the same write. */
export async function followRule(kind: 'remind' | 'escalate', row: RequestRow, deps: Deps): Promise<void> {
  const rules = fromJson(rulesSchema, row.rules ?? 'null', `Rules of request ${row.id}`);
  const now = deps.clock().toISOString();
  await deps.store.write(async (tx) => {
    const left =
      kind === 'remind' ? await remind(tx, row, rules, now, deps) : await escalate(tx, row, rules, now, deps);
    await deps.timers.clear(tx, { execution: row.execution, kind, ref: row.id });
    await setRules(tx, deps.timers, row, kind === 'remind' ? { remind: left.remind } : { escalate: left.escalate });
  });
}

async function storeRules(tx: Tx, id: string, rules: Rules, reminded: { reminded_at?: string } = {}): Promise<boolean> {
  const stored = await tx.db
    .updateTable('requests')
    .set({ rules: JSON.stringify(rules), ...reminded })
    .where('id', '=', id)
    .where('status', '=', 'open')
    .returning('id')
    .executeTakeFirst();
  return stored !== undefined;
}

/** Those missed while no host ran are one. */
async function remind(tx: Tx, row: RequestRow, rules: Rules, now: string, { log }: Deps): Promise<Rules> {
  const left = { ...rules, remind: rules.remind.filter((at) => at > now), reminded: rules.reminded + 1 };
  if (left.remind.length === rules.remind.length) return rules;
  if (await storeRules(tx, row.id, left, { reminded_at: now })) {
    const payload = { request: idSchema.parse(row.id), n: left.reminded };
    await log.append(tx, row.execution, [{ kind: 'reminder', payload }]);
  }
  return left;
}

async function escalate(tx: Tx, row: RequestRow, rules: Rules, now: string, { log }: Deps): Promise<Rules> {
  const { escalate: rule, ...left } = rules;
  if (rule === undefined || rule.at > now) return rules;
  const assign = withAssignee(assignOf(row), rule.to);
  const handed: Handed = { at: now, to: rule.to };
  if ((await storeRules(tx, row.id, left)) && (await storeAssignee(tx, row.id, assign, handed))) {
    await log.append(tx, row.execution, [assignedEvent(row, assign, handed)]);
  }
  return left;
}

/** Those it was for, and somebody more. */
function withAssignee(assign: Assign | undefined, to: Assignee): Assign {
  const { users = [], roles = [], owner } = assign ?? { owner: true };
  const own = owner === undefined ? {} : { owner };
  return 'user' in to
    ? { users: [...new Set([...users, to.user])], roles, ...own }
    : { users, roles: [...new Set([...roles, to.role])], ...own };
}
