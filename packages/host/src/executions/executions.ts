import { validate } from '@airlock/flow/validate';
import type { Execution, ExecutionSummary } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { type ExecutionStatus, executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import { idSchema } from '@airlock/protocol/ids';
import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import type { FromService } from '@airlock/protocol/service-channel';
import { noUsage } from '@airlock/protocol/usage';
import { sql } from 'kysely';
import type { Inbox, RequestOwner } from '../inbox/inbox.ts';
import { setStatus } from '../inbox/status.ts';
import type { Log } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { newId } from '../store/ids.ts';
import { fromJson } from '../store/json.ts';
import type { Store, Tx } from '../store/store.ts';
import { type CallSinks, failCall, readCalls, settleCall, takeCall } from './calls.ts';
import { endExecution } from './ending.ts';
import { type ExecutionRow, excerptOf, toExecution, toSummary } from './execution-row.ts';
import { createFormOwner } from './form-owner.ts';
import { createServices, type Services } from './services.ts';
import { createStrikes } from './strikes.ts';
import { untilStored } from './until-stored.ts';

export interface ListOptions {
  readonly status?: ExecutionStatus;
  /** Words to find in title and excerpt. */
  readonly q?: string;
  readonly limit: number;
  /** Id of the last one seen; newer come first. */
  readonly cursor?: string;
}

export interface Executions {
  readonly services: Services;
  /** Starts an execution; rejects with `invalid_inputs` naming the fields. */
  launch(service: string, inputs: JsonObject, user: string): Promise<string>;
  get(id: string): Promise<Execution>;
  list(options: ListOptions): Promise<{ items: ExecutionSummary[]; next: string | null }>;
  /** Ends a running execution; does nothing to one that has ended. */
  cancel(id: string, by: string): Promise<void>;
  /** Cancels if needed, then removes log, requests, containers and workspaces. */
  remove(id: string, by: string): Promise<void>;
  readonly formOwner: RequestOwner;
  /** Records the outcome of a call and tells the service. */
  settle: (tx: Tx, ...args: SettleArgs) => Promise<void>;
  stop(): Promise<void>;
}

type SettleArgs = [execution: string, key: string, outcome: Parameters<typeof settleCall>[3]];

interface ExecutionsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly sessions: () => Sessions;
  readonly clock: () => Date;
  readonly servicesDir: string;
  readonly serviceEnv: Readonly<Record<string, string>>;
  readonly logger: Parameters<typeof createServices>[0]['logger'];
}

export function createExecutions(options: ExecutionsOptions): Executions {
  const { store, log, inbox, clock } = options;
  /** Executions a service process is running now, with their service. */
  const running = new Map<string, string>();
  const strikes = createStrikes(store);
  let isStopping = false;

  const services = createServices({
    dir: options.servicesDir,
    env: options.serviceEnv,
    logger: options.logger,
    onMessage: take,
    onUp: (service, ended) => {
      resume(service, ended).catch((error: unknown) => {
        options.logger.warn({ service, error }, 'Executions not resumed');
      });
    },
  });

  const deliver: CallSinks['deliver'] = (id, key, outcome) => {
    const service = running.get(id);
    if (service) services.send(service, { type: 'outcome', execution: idSchema.parse(id), key, outcome });
  };

  const settle = (tx: Tx, ...[id, key, outcome]: SettleArgs) => settleCall(tx, id, key, outcome, deliver);

  const forms = createFormOwner({
    store,
    settle,
    send: (id, message) => {
      const service = running.get(id);
      if (service) services.send(service, message);
      return service !== undefined;
    },
  });

  /** Gives every open execution of a service to its process, which replays them, but for those that keep ending it. */
  async function resume(service: string, ended = 'for no known reason'): Promise<void> {
    const had = [...running].filter(([, of]) => of === service).map(([id]) => id);
    for (const id of had) running.delete(id);
    for (const id of await strikes.ended(had)) {
      await end(id, 'error', new AirlockError('service_failed', `It ended the process of its service: ${ended}`));
    }
    const rows = await store.db
      .selectFrom('executions')
      .selectAll()
      .where('service', '=', service)
      .where('status', 'in', ['starting', 'running', 'awaiting'])
      .orderBy('id')
      .execute();
    for (const row of rows) await run(row);
  }

  /** Reads the log and hands it over in one turn of the queue of writes, so that no outcome falls between. */
  async function run(row: ExecutionRow): Promise<void> {
    const inputs = fromJson(jsonObjectSchema, row.inputs, `Inputs of ${row.id}`);
    await store.write(async (tx) => {
      if (row.status === 'starting') await setStatus(log, tx, row.id, 'running');
      const { calls, outcomes } = await readCalls(tx, row.id);
      tx.afterCommit(() => {
        if (running.has(row.id)) return;
        running.set(row.id, row.service);
        services.send(row.service, { type: 'run', execution: idSchema.parse(row.id), inputs, calls, outcomes });
      });
    });
  }

  function take(service: string, message: FromService): void {
    if (message.type === 'leased') forms.leased(message.id, message.outcome);
    if (!('execution' in message) || running.get(message.execution) !== service) return;
    const id = message.execution;
    untilStored(
      () => handle(id, message),
      () => !isStopping,
    ).catch((error: unknown) => {
      options.logger.warn({ execution: id, error }, 'A message of a service could not be taken');
      void end(id, 'error', AirlockError.from(error)).catch(() => undefined);
    });
  }

  async function handle(id: string, message: Extract<FromService, { execution: string }>): Promise<void> {
    if (message.type === 'failed') return await end(id, 'error', AirlockError.fromBody(message.error));
    if (message.type === 'finished') return await end(id, 'finished', message.final);
    const { key, call } = message;
    strikes.clear(id);
    const sinks: CallSinks = { log, inbox, sessions: options.sessions(), clock, deliver };
    try {
      await store.write(async (tx) => await takeCall(tx, id, key, call, sinks));
    } catch (error) {
      if (!(error instanceof AirlockError) || isStoreFault(error)) throw error;
      await store.write(async (tx) => await failCall(tx, id, key, call, error, deliver));
    }
  }

  async function end(id: string, ...how: EndArgs): Promise<void> {
    running.delete(id);
    strikes.clear(id);
    await store.write(async (tx) => {
      await endExecution(tx, id, how, { log, inbox, sessions: options.sessions(), clock });
    });
  }

  async function find(id: string): Promise<ExecutionRow> {
    const row = await store.db.selectFrom('executions').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new AirlockError('not_found', `There is no execution ${id}`);
    return row;
  }

  async function cancel(id: string, by: string): Promise<void> {
    const row = await find(id);
    if (isFinal(executionStatusSchema.parse(row.status))) return;
    const reason = `Cancelled by ${by}`;
    services.send(row.service, { type: 'cancel', execution: idSchema.parse(id), reason });
    await end(id, 'cancelled', reason);
  }

  return {
    services,
    formOwner: forms.owner,
    settle,
    cancel,

    async launch(service, given, user) {
      const manifest = services.manifest(service);
      const checked = validate(manifest.elements, given);
      if (!checked.ok) {
        throw new AirlockError('invalid_inputs', 'Some fields are not valid', { fields: checked.fields });
      }
      const row = newRow(service, manifest.title, checked.values, user, clock());
      await store.write(async (tx) => {
        await tx.db.insertInto('executions').values(row).execute();
        await log.append(tx, row.id, [
          { kind: 'status', payload: { status: 'starting' } },
          { kind: 'meta', payload: { service, title: manifest.title, user } },
          { kind: 'inputs', payload: { inputs: checked.values } },
        ]);
      });
      await run(row);
      return row.id;
    },

    async get(id) {
      const row = await find(id);
      return toExecution(row, await inbox.listOpen({ execution: id, limit: 100 }));
    },

    async list({ status, q, limit, cursor }) {
      let query = store.db
        .selectFrom('executions')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (status !== undefined) query = query.where('status', '=', status);
      if (cursor !== undefined) query = query.where('id', '<', cursor);
      if (q !== undefined && q.trim() !== '') {
        const words = `%${q.trim().replace(/[\\%_]/g, '\\$&')}%`;
        const found = (column: 'title' | 'excerpt') =>
          sql<boolean>`lower(${sql.ref(column)}) like lower(${words}) escape '\\'`;
        query = query.where((eb) => eb.or([found('title'), found('excerpt')]));
      }
      const rows = await query.execute();
      const shown = rows.slice(0, limit);
      const awaiting = await countOpen(
        store,
        shown.map((row) => row.id),
      );
      const items = shown.map((row) => toSummary(row, awaiting.get(row.id) ?? 0));
      return { items, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
    },

    async remove(id, by) {
      await cancel(id, by);
      await options.sessions().purge(id);
      await store.write(async (tx) => {
        await tx.db.deleteFrom('executions').where('id', '=', id).execute();
      });
    },

    async stop() {
      isStopping = true;
      running.clear();
      await services.stop();
    },
  };
}

function isStoreFault({ code }: AirlockError): boolean {
  return code === 'store_unusable' || code === 'disk_full';
}

type EndArgs = Parameters<typeof endExecution>[2];

function newRow(service: string, title: string, inputs: JsonObject, user: string, now: Date): ExecutionRow {
  return {
    id: newId(),
    service,
    title,
    user,
    status: 'starting',
    inputs: JSON.stringify(inputs),
    excerpt: excerptOf(inputs),
    result: null,
    started_at: now.toISOString(),
    ended_at: null,
    last_seq: 0,
    next_outcome: 0,
    usage: JSON.stringify(noUsage),
  };
}

async function countOpen(store: Store, executions: string[]): Promise<Map<string, number>> {
  if (executions.length === 0) return new Map();
  const rows = await store.db
    .selectFrom('requests')
    .select((eb) => ['execution', eb.fn.countAll<number>().as('count')])
    .where('execution', 'in', executions)
    .where('status', '=', 'open')
    .groupBy('execution')
    .execute();
  return new Map(rows.map((row) => [row.execution, Number(row.count)]));
}
