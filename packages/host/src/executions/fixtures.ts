import type { Call, Outcome } from '@airlock/protocol/service-channel';
import { createInbox } from '../inbox/inbox.ts';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createTimers } from '../timers/timers.ts';
import { takeCall } from './calls.ts';
import { type CallSinks, settleCall } from './settle.ts';
import { endPause } from './steps.ts';

const none = () => Promise.reject(new RangeError('There are no sessions in this test'));

/** For tests of services that have no session. */
export const noSessions: Sessions = {
  open: none,
  send: none,
  abandon: none,
  branch: () => undefined,
  end: () => Promise.resolve(),
  purge: () => Promise.resolve(),
  meter: () => Promise.resolve(),
  requestOwner: { check: none, answered: () => Promise.resolve(), expired: () => Promise.resolve() },
  toolUse: () => Promise.resolve(undefined),
  toolDone: () => Promise.resolve(),
  steering: { say: none, interrupt: none, stopTask: none, change: none },
  describe: none,
  inside: none,
  readLog: none,
  pool: { check: () => Promise.resolve(), size: () => Promise.resolve({ count: 0, memoryBytes: 0 }) },
  recover: () => Promise.resolve(),
  adopt: () => Promise.resolve(),
  release: () => Promise.resolve(),
  checkStalls: () => Promise.resolve(),
  checkSleep: () => Promise.resolve(),
  before: () => undefined,
  checkWorkspaces: () => Promise.resolve(),
  filesSettled: () => Promise.resolve(),
  detach: () => Promise.resolve(),
  endAll: () => Promise.resolve(),
};

/** Calls of one execution taken against a store of its own; time and chance are the test's. */
export async function callRig() {
  const temporary = await temporaryStore();
  const { store } = temporary;
  let now = 1_000;
  const clock = () => new Date(now);
  const log = createLog(store, clock);
  const execution = await addExecution(store);
  const delivered: { key: string; outcome: Outcome }[] = [];
  const begun: string[] = [];
  const abandoned: string[] = [];
  const timers = createTimers({
    store,
    clock,
    handler: ({ kind, ref }) =>
      store.write(async (tx) => {
        if (kind === 'step') await endPause(tx, execution, ref, sinks);
        else await timers.clear(tx, { execution, kind, ref });
      }),
    logger: { warn: () => undefined },
  });
  const inbox = createInbox({ store, log, clock, timers, owner: () => noSessions.requestOwner });
  const sinks: CallSinks = {
    log,
    inbox,
    timers,
    files: { record: () => Promise.resolve() },
    clock,
    fence: { host: 'h', epochOf: () => undefined },
    random: () => 0.25,
    sessions: {
      ...noSessions,
      abandon: (_tx, _execution, key) => {
        abandoned.push(key);
        return Promise.resolve();
      },
    },
    deliver: (_execution, key, outcome) => void delivered.push({ key, outcome }),
    beginStep: (_execution, key, attempt) => void begun.push(`${key} ${attempt}`),
  };
  await store.write((tx) => tx.db.updateTable('executions').set({ owner: 'h' }).execute());

  return {
    store,
    log,
    inbox,
    timers,
    sinks,
    execution,
    delivered,
    begun,
    abandoned,
    take: (key: string, call: Call) => store.write((tx) => takeCall(tx, execution, key, call, sinks)),
    settle: (key: string, outcome: Outcome) => store.write((tx) => settleCall(tx, execution, key, outcome, sinks)),
    /** The wish to end, without what follows from it. */
    stop: () => store.write((tx) => tx.db.updateTable('executions').set({ stop: '{}' }).execute()),
    async advance(ms: number) {
      now += ms;
      await timers.tick();
    },
    events: () => log.read(execution, 0, 1000),
    remove: temporary.remove,
  };
}

export type CallRig = Awaited<ReturnType<typeof callRig>>;
