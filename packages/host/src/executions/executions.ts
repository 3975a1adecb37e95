import type { Deployed, Execution, ExecutionSummary } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { executionStatusSchema, isFinal } from '@airlock/protocol/executions';
import { idSchema } from '@airlock/protocol/ids';
import type { JsonObject } from '@airlock/protocol/json';
import type { ExecutionFiles } from '../files/execution-files.ts';
import type { FormFiles } from '../files/form-files.ts';
import type { Inbox, RequestOwner } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { Ownership } from '../ownership/ownership.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Timer, Timers } from '../timers/timers.ts';
import type { Versioning } from '../versions/versioning.ts';
import { createDeploy, type DeployRequest } from './deploy.ts';
import { type Ending, endExecution } from './ending.ts';
import { every } from './every.ts';
import type { ExecutionRow } from './execution-row.ts';
import { createFiring } from './firing.ts';
import { createFormOwner } from './form-owner.ts';
import { createLauncher } from './launcher.ts';
import { getExecution, type ListOptions, listExecutions } from './listing.ts';
import { createLoader } from './loader.ts';
import { createParkings } from './parkings.ts';
import { admit } from './queue.ts';
import { createSweep } from './retention.ts';
import { createRuns } from './runs.ts';
import { createMessages } from './service-messages.ts';
import { createServices, type Services } from './services.ts';
import { type CallSinks, settleCall } from './settle.ts';
import { requestStop, type Stop } from './stopping.ts';
import { createStrikes } from './strikes.ts';
import { wakeOpen } from './wake-open.ts';

export interface Executions {
  readonly services: Services;
  /** Starts an execution, or finds the one this user started with `key`; rejects with `invalid_inputs` naming the fields. */
  launch(
    service: string,
    inputs: JsonObject,
    user: string,
    key?: string,
  ): Promise<{ readonly id: string; readonly isNew: boolean }>;
  /** Serves what is in the services folder now to new executions. Rejects with `not_found` for an unknown service. */
  deploy(request: DeployRequest, by: string): Promise<Deployed[]>;
  get(id: string): Promise<Execution>;
  list(options: ListOptions): Promise<{ items: ExecutionSummary[]; next: string | null }>;
  /** Asks an execution to end; does nothing to one that has ended. */
  cancel(id: string, by: string): Promise<void>;
  /** Ends it at once if needed, then removes log, requests, containers and workspaces. */
  remove(id: string, by: string): Promise<void>;
  readonly formOwner: RequestOwner;
  /** Records the outcome of a call and tells the service. */
  settle: (tx: Tx, ...args: SettleArgs) => Promise<void>;
  /** Does what a timer of `sleep`, `step`, `limit` or `stop` is for. */
  fire(timer: Timer): Promise<void>;
  /** Takes up the executions this host has: those that have something to do are run again. */
  recover(): Promise<void>;
  /** Lets go of executions another host has now. */
  release(ids: readonly string[]): void;
  /** What is due from time to time: the queue, what waits in memory, what is kept too long. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

type SettleArgs = [execution: string, key: string, outcome: Parameters<typeof settleCall>[3]];

export interface ExecutionsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly files: ExecutionFiles;
  readonly formFiles: FormFiles;
  readonly sessions: () => Sessions;
  readonly timers: Timers;
  readonly ownership: Ownership;
  readonly clock: () => Date;
  readonly servicesDir: string;
  readonly versioning: Versioning;
  readonly serviceEnv: Readonly<Record<string, string>>;
  /** How long a service process without executions is kept, in milliseconds. Default 5 minutes. */
  readonly serviceIdleMs?: number | undefined;
  readonly logger: Parameters<typeof createServices>[0]['logger'];
}

/** Waiting executions stay in memory this long, and this many in all. */
const idleMs = 60_000;
const mostResident = 200;

export function createExecutions(options: ExecutionsOptions): Executions {
  const { store, log, inbox, formFiles, timers, ownership, clock, logger } = options;
  const strikes = createStrikes(store);
  const parkings = createParkings(store, ownership);
  let isStopping = false;

  const services = createServices({
    ...options.versioning,
    dir: options.servicesDir,
    env: options.serviceEnv,
    ...(options.serviceIdleMs === undefined ? {} : { idleMs: options.serviceIdleMs }),
    logger,
    onMessage: (_service, _replica, message) => messages.take(message),
    onDown: (_service, executions, reason) =>
      inBackground(takeDown(executions, reason), 'Executions not taken up again'),
  });

  const sinks = (): CallSinks & { host: string } => ({
    log,
    inbox,
    timers,
    files: options.files,
    clock,
    sessions: options.sessions(),
    fence: ownership,
    host: ownership.host,
    random: Math.random,
    deliver: (id, key, outcome) => runs.deliver(id, key, outcome),
    beginStep: (id, key, attempt) => {
      runs.send(id, { type: 'step', execution: idSchema.parse(id), key, attempt });
    },
  });

  const common = { store, log, services, versions: options.versioning.versions, ownership };
  const filesOf = options.files.folderOf;
  const loader = createLoader({ store, ownership, filesOf, sinks });
  const runs = createRuns({
    versionOf: find,
    assign: services.assign,
    release: services.release,
    load: loader.load,
    onStuck: (id, error) => inBackground(notWoken(id, error), 'Execution not ended'),
  });
  const messages = createMessages({
    store,
    sinks,
    runs,
    strikes,
    parkings,
    end,
    leased: (id, outcome) => forms.leased(id, outcome),
    isStopping: () => isStopping,
    logger,
  });
  const forms = createFormOwner({
    store,
    formFiles,
    settle: (tx, ...args) => settle(tx, ...args),
    send: async (id, message) => {
      await runs.wake(id);
      return runs.send(id, message);
    },
  });
  const fire = createFiring({
    store,
    timers,
    sinks,
    wake: runs.wake,
    limitOf: async (id) => services.policy((await find(id)).service)?.executionMs,
    stop: stopExecution,
    /** E3: its time to end by itself is over. */
    end: async (id) => await end(id, await messages.endingOf(id, ['cancelled', 'It was stopped'])),
  });
  const launch = createLauncher({
    ...common,
    files: options.files,
    formFiles,
    clock,
    begin: (tx, service) => admitNext(tx, service),
    wake: begin,
  });
  const deploy = createDeploy({ ...common, inbox, parkings, runs, filesOf });
  const sweep = every(60_000, createSweep({ ...common, clock, remove: removeRows }));
  const lookAround = every(5_000, async () => {
    for (const name of services.names()) begin(await store.write((tx) => admitNext(tx, name)));
    await wakeOpen({ store, host: ownership.host, runs, wake });
  });

  const listing = { store, inbox, clock, before: (session: string) => options.sessions().before(session) };
  const settle = (tx: Tx, ...[id, key, outcome]: SettleArgs) => settleCall(tx, id, key, outcome, sinks());

  function inBackground(work: Promise<unknown>, text: string): void {
    work.catch((error: unknown) => {
      if (!isStopping) logger.warn({ error }, text);
    });
  }

  async function find(id: string): Promise<ExecutionRow> {
    const row = await store.db.selectFrom('executions').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new AirlockError('not_found', `There is no execution ${id}`);
    return row;
  }

  /** An execution whose rows cannot be read ends and says so; anything else is tried again by `check`. */
  async function notWoken(id: string, error: unknown): Promise<void> {
    const problem = AirlockError.from(error);
    logger.warn({ execution: id, error: problem }, 'An execution could not be woken');
    if (loader.isItsFault(problem)) await end(id, ['error', problem]);
  }

  async function wake(id: string): Promise<void> {
    await runs.wake(id).catch((error: unknown) => notWoken(id, error));
  }

  /** A process ended with these in it. Those that were at work go on in the next one, unless they keep ending it. */
  async function takeDown(ids: readonly string[], reason: string): Promise<void> {
    const working = runs.down(ids);
    if (isStopping) return;
    const guilty = new Set(await strikes.ended(working));
    for (const id of guilty) {
      await end(id, ['error', new AirlockError('service_failed', `It ended the process of its service: ${reason}`)]);
    }
    await Promise.all(working.filter((id) => !guilty.has(id)).map(wake));
  }

  async function end(id: string, ending: Ending): Promise<void> {
    runs.drop(id);
    strikes.clear(id);
    const { service } = await find(id);
    const admitted = await store.write(async (tx) => {
      await endExecution(tx, id, ending, sinks());
      return await admitNext(tx, service);
    });
    begin(admitted);
  }

  function begin(admitted: readonly string[]): void {
    for (const id of admitted) inBackground(wake(id), 'Execution not begun');
  }

  async function admitNext(tx: Tx, service: string): Promise<string[]> {
    const policy = services.policy(service);
    return policy === undefined ? [] : await admit(tx, service, policy, sinks());
  }

  async function stopExecution(id: string, stop: Stop): Promise<void> {
    const { service } = await find(id);
    const cancelMs = services.policy(service)?.cancelMs ?? 0;
    const { error, admitted } = await store.write(async (tx) => ({
      error: await requestStop(tx, id, stop, cancelMs, sinks()),
      admitted: await admitNext(tx, service),
    }));
    begin(admitted);
    if (error === undefined) return;
    const told = runs.send(id, { type: 'cancel', execution: idSchema.parse(id), error: error.toBody() });
    if (!told) inBackground(wake(id), 'Execution not cancelled');
  }

  async function removeRows(id: string): Promise<void> {
    await options.sessions().purge(id);
    await store.write(async (tx) => {
      await tx.db.deleteFrom('executions').where('id', '=', id).execute();
    });
    await options.files.purge(id);
    ownership.forget(id);
  }

  return {
    services,
    formOwner: forms.owner,
    settle,
    fire,

    launch,
    deploy,

    get: (id) => getExecution(listing, id),
    list: (query) => listExecutions(listing, query),

    async cancel(id, by) {
      const { status } = await find(id);
      if (isFinal(executionStatusSchema.parse(status))) return;
      await stopExecution(id, { as: 'cancelled', reason: `Cancelled by ${by}` });
    },

    async remove(id, by) {
      await end(id, ['cancelled', `Removed by ${by}`]);
      await removeRows(id);
    },

    recover: lookAround,

    release(ids) {
      for (const id of ids) runs.drop(id);
    },

    async check() {
      await parkings.flush();
      runs.evict(idleMs, mostResident);
      inBackground(lookAround(), 'Executions not looked after');
      inBackground(sweep(), 'What is kept too long not removed');
    },

    async stop() {
      isStopping = true;
      await services.stop();
      await parkings.flush();
    },
  };
}
