import { join } from 'node:path';
import { createExecutions, type Executions } from '@airlock/host/executions/executions';
import { createFiles } from '@airlock/host/files/files';
import { createInbox } from '@airlock/host/inbox/inbox';
import { createLog, type Log } from '@airlock/host/log/log';
import { createOwnership, type Ownership } from '@airlock/host/ownership/ownership';
import { openStore } from '@airlock/host/store/store';
import { createTakeOver } from '@airlock/host/take-over';
import { createTimers, isOfInbox } from '@airlock/host/timers/timers';
import { createVersioning } from '@airlock/host/versions/versioning';
import { AirlockError } from '@airlock/protocol/errors';
import { isFinal } from '@airlock/protocol/executions';
import { type FromHost, hostSpecSchema, type Kill, type ToHost, toHostSchema } from './channel.ts';
import { killChildren } from './kill-children.ts';
import { createScriptedSessions } from './scripted-sessions.ts';

/*
 * A host without engine and HTTP: store, log, inbox, timers, ownership, executions and service processes are the real
 * ones, sessions are scripted. It talks with the test over IPC, and kills itself or its service process where told to.
 */

const spec = hostSpecSchema.parse(JSON.parse(process.argv[2] ?? ''));
const clock = () => new Date();
const logger = { info: () => undefined, warn: () => undefined, debug: () => undefined };

function tell(message: FromHost): void {
  process.send?.(message);
}

async function telling(type: 'claimed' | 'lost', executions: Promise<string[]>): Promise<string[]> {
  const ids = await executions;
  if (ids.length > 0) tell({ type, executions: ids });
  return ids;
}

const killServices = () => killChildren(process.pid, 'service.ts');

function strike({ victim }: Kill): void {
  if (victim === 'host') process.kill(process.pid, 'SIGKILL');
  else killServices();
}

/** The log, with a blow at one of its events. */
function deadly(log: Log, kill: Kill | undefined): Log {
  let left = kill;
  return {
    ...log,
    async append(tx, execution, events) {
      const appended = await log.append(tx, execution, events);
      const last = appended.at(-1)?.seq ?? 0;
      if (!left || last < left.seq) return appended;
      const blow = left;
      left = undefined;
      if (blow.moment === 'before') strike(blow);
      else tx.afterCommit(() => strike(blow));
      return appended;
    },
  };
}

const store = await openStore(join(spec.home, 'airlock.db'));
const owned = createOwnership({
  store,
  clock,
  home: spec.installation ?? spec.home,
  ...(spec.leaseMs === undefined ? {} : { leaseMs: spec.leaseMs }),
});
const ownership: Ownership = {
  ...owned,
  renew: () => telling('lost', owned.renew()),
  async claim() {
    const ids = await telling('claimed', owned.claim());
    for (const id of ids) follow(id);
    return ids;
  },
};
const log = deadly(createLog(store, clock, { fence: ownership }), spec.kill);
const timers = createTimers({
  store,
  clock,
  logger,
  host: ownership.host,
  handler: (timer) => (isOfInbox(timer) ? inbox.fire(timer) : executions.fire(timer)),
});
const inbox = createInbox({
  store,
  log,
  clock,
  timers,
  owner: (kind) => (kind === 'form' ? executions.formOwner : sessions.requestOwner),
});
const env = { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '' };
const executions: Executions = createExecutions({
  store,
  log,
  inbox,
  ...createFiles({ home: spec.home, store, log, clock }),
  timers,
  ownership,
  clock,
  logger,
  sessions: () => sessions,
  servicesDir: spec.servicesDir,
  versioning: createVersioning({ store, clock, dir: join(spec.home, 'cache', 'services'), env }),
  serviceEnv: env,
});
const sessions = createScriptedSessions({
  store,
  log,
  inbox,
  vary: spec.vary,
  settle: (...args) => executions.settle(...args),
});

/** Tells of everything that is asked, and of the end. */
function follow(execution: string): void {
  log.subscribe(execution, (frame) => {
    if (frame.kind !== 'event') return;
    const { event } = frame;
    if (event.kind === 'lock') tell({ type: 'asked', request: event.payload.request, name: event.payload.name });
    if (event.kind === 'status' && isFinal(event.payload.status)) {
      tell({ type: 'ended', execution, status: event.payload.status });
    }
  });
}

async function obey(message: ToHost): Promise<void> {
  if (message.type === 'kill-service') return killServices();
  const { n } = message;
  try {
    if (message.type === 'launch') {
      const { id } = await executions.launch('matrix', message.inputs, 'admin', message.key);
      follow(id);
      tell({ type: 'done', n, value: id });
    } else if (message.type === 'note') {
      const note = { kind: 'debug', payload: { text: message.text } } as const;
      await store.write((tx) => log.append(tx, message.execution, [note]));
      tell({ type: 'done', n, value: message.text });
    } else {
      await inbox.answer(message.request, message.inputs, { name: 'ada', role: 'admin' });
      tell({ type: 'done', n, value: message.request });
    }
  } catch (error) {
    const { code, detail } = AirlockError.from(error);
    tell({ type: 'refused', n, code, detail });
  }
}

/** What was asked before this host came, and what has ended. */
async function tellWhatIs(): Promise<void> {
  const rows = await store.db.selectFrom('executions').select(['id', 'status']).execute();
  for (const { id, status } of rows) {
    follow(id);
    if (status === 'finished' || status === 'error' || status === 'cancelled') {
      tell({ type: 'ended', execution: id, status });
    }
  }
  for (const request of await inbox.listOpen({ limit: 100 })) {
    if (request.kind === 'form') tell({ type: 'asked', request: request.id, name: request.name });
  }
}

await executions.services.ready;
await ownership.begin();
await sessions.recover();
await executions.recover();
timers.start();
const takeOver = createTakeOver({ ownership, executions, sessions, logger, everyMs: spec.careMs });
setInterval(() => {
  takeOver().catch(() => undefined);
  executions.check().catch(() => undefined);
}, 50);
process.on('message', (raw) => void obey(toHostSchema.parse(raw)));
process.once('disconnect', () => process.exit());
await tellWhatIs();
tell({ type: 'ready', host: ownership.host });
