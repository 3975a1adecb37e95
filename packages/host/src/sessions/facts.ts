import { type Facts, factsSchema, type Task, type TaskStep } from '@airlock/protocol/facts';
import type { SingleFrame } from '@airlock/protocol/wire';
import type { Log } from '../log/log.ts';
import { fromJson } from '../store/json.ts';
import type { Tx } from '../store/store.ts';
import { type SessionRow, sessionId } from './session-row.ts';

/** What the CLI says of itself and of what runs beside Claude. */
export type FactFrame = Extract<SingleFrame, { type: 'ready' | 'facts' | 'tasks' | 'task' }>;

export async function keepFacts(tx: Tx, row: SessionRow, frame: FactFrame, log: Log): Promise<void> {
  switch (frame.type) {
    case 'ready':
      await begin(tx, row, frame, log);
      return;
    case 'facts':
      await change(tx, row, frame.facts, log);
      return;
    case 'tasks':
      await keepTasks(tx, row, frame.tasks);
      return;
    case 'task':
      await tell(tx, row, frame.task, log);
  }
}

async function begin(
  tx: Tx,
  row: SessionRow,
  { model, cliVersion, facts }: Extract<FactFrame, { type: 'ready' }>,
  log: Log,
): Promise<void> {
  await tx.db
    .updateTable('sessions')
    .set({
      // One that was told to end meanwhile still ends.
      state: row.state === 'starting' ? 'live' : row.state,
      facts: facts === undefined ? null : JSON.stringify(facts),
    })
    .where('id', '=', row.id)
    .execute();
  const state = { session: sessionId(row), state: 'ready', model, detail: cliVersion } as const;
  const shown = facts === undefined ? {} : { facts };
  await log.append(tx, row.execution, [{ kind: 'session', payload: { ...state, ...shown } }]);
}

async function change(tx: Tx, row: SessionRow, facts: Facts, log: Log): Promise<void> {
  await tx.db
    .updateTable('sessions')
    .set({ facts: JSON.stringify(facts) })
    .where('id', '=', row.id)
    .execute();
  const before = row.facts === null ? undefined : fromJson(factsSchema, row.facts, `Facts of session ${row.id}`);
  const detail = changes(before, facts);
  const said = detail === '' ? {} : { detail };
  const payload = { session: sessionId(row), state: 'changed', ...said, facts } as const;
  await log.append(tx, row.execution, [{ kind: 'session', payload }]);
}

/** What people have not changed themselves and is other than it was, in words. */
function changes(before: Facts | undefined, now: Facts): string {
  const words: string[] = [];
  if (before?.model !== now.model) words.push(`model: ${now.model}`);
  for (const { name, status } of now.mcpServers) {
    const was = before?.mcpServers.find((server) => server.name === name)?.status;
    if (was !== status) words.push(`MCP server ${name}: ${status}`);
  }
  return words.join(', ');
}

async function keepTasks(tx: Tx, row: SessionRow, tasks: readonly Task[]): Promise<void> {
  const kept = tasks.length === 0 ? null : JSON.stringify(tasks);
  await tx.db.updateTable('sessions').set({ tasks: kept }).where('id', '=', row.id).execute();
}

async function tell(tx: Tx, row: SessionRow, task: TaskStep, log: Log): Promise<void> {
  await log.append(tx, row.execution, [{ kind: 'agent', payload: { session: sessionId(row), ...task } }]);
}
