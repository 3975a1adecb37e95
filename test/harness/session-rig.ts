import { dirname } from 'node:path';
import { noCaches } from '@airlock/host/caches/fixtures';
import { createFiles } from '@airlock/host/files/files';
import { createModelGateway } from '@airlock/host/gateway/gateway';
import { createInbox } from '@airlock/host/inbox/inbox';
import { addExecution } from '@airlock/host/log/fixtures';
import { createLog } from '@airlock/host/log/log';
import { noRepositories } from '@airlock/host/repositories/fixtures';
import { createSessions } from '@airlock/host/sessions/create-sessions';
import { temporaryStore } from '@airlock/host/store/temporary';
import { createTimers } from '@airlock/host/timers/timers';
import { openWire } from '@airlock/host/wire/open-wire';
import { noWorkspaces } from '@airlock/host/workspaces/fixtures';
import { createModelSim, type ModelSim } from '@airlock/model-sim/server';
import type { Event } from '@airlock/protocol/events';
import type { JsonObject } from '@airlock/protocol/json';
import type { Outcome, SessionOptions } from '@airlock/protocol/service-channel';
import type { SingleFrame } from '@airlock/protocol/wire';
import { vi } from 'vitest';
import { createProcessPlacement, type ProcessPlacement } from './process-placement.ts';

/** The sessions of a host with one conversation of an execution, whose "containers" are processes. */
export interface SessionRig {
  readonly sim: ModelSim;
  readonly placement: ProcessPlacement;
  /** Says something, allows every tool (while the session sleeps, if it is to), and resolves with the outcome of the turn. */
  say(text: string): Promise<Outcome>;
  events(): Promise<Event[]>;
  /** How often an outcome was given to a turn, by turn. */
  readonly settled: readonly number[];
  end(): Promise<void>;
}

export interface SessionRigOptions {
  readonly script: string;
  readonly session?: SessionOptions;
  /** People answer only when the session has fallen asleep over what it asks. */
  readonly sleeps?: boolean;
  /** What they answer; allows when left out. */
  readonly answer?: JsonObject;
  /** A CLI that resumes hears nothing before it has nothing more to do by itself. */
  readonly late?: boolean;
  /** Called after a write of frames is committed, before any later frame is. */
  readonly onCommitted?: (frames: readonly SingleFrame[], placement: ProcessPlacement) => Promise<void>;
}

export async function createSessionRig(options: SessionRigOptions): Promise<SessionRig> {
  const { script, session = {}, sleeps = false, answer = { decision: 'allow' }, late = false, onCommitted } = options;
  const clock = () => new Date();
  const sim = createModelSim({ scripts: [{ yaml: script, file: 'matrix.yaml' }], pace: 0 });
  const { url } = await sim.listen();
  const { store, path, remove } = await temporaryStore();
  const log = createLog(store, clock);
  const { files } = createFiles({ home: dirname(path), store, log, clock });
  const placement = createProcessPlacement({ late });
  const gateway = createModelGateway({ baseUrl: url, apiKey: 'sk-real' });
  const settled: number[] = [];
  const turns: PromiseWithResolvers<Outcome>[] = [];
  const logger = { debug: () => undefined, warn: () => undefined };
  const timers = createTimers({ store, clock, logger, handler: (timer) => inbox.fire(timer) });
  const inbox = createInbox({ store, log, timers, clock, owner: () => sessions.requestOwner });
  const sessions = createSessions({
    store,
    log,
    inbox,
    files,
    workspaces: noWorkspaces,
    repositories: noRepositories,
    caches: noCaches,
    placement,
    clock,
    logger,
    image: () => ({ reference: 'processes', digest: 'sha256:processes' }),
    installation: 'rig',
    mostSpares: 0,
    fence: { host: 'rig', epochOf: () => undefined },
    settle: (tx, _execution, key, outcome) => {
      const turn = Number(key);
      tx.afterCommit(() => {
        settled[turn] = (settled[turn] ?? 0) + 1;
        turns[turn]?.resolve(outcome);
      });
      return Promise.resolve();
    },
    wire: {
      openWire: ({ handlers, ...options }) =>
        openWire({
          ...options,
          handlers: {
            ...handlers,
            async onUp(n, frame) {
              await handlers.onUp(n, frame);
              await onCommitted?.(frame.type === 'batch' ? frame.frames : [frame], placement);
            },
          },
        }),
      handleModel: (request, session) => gateway.handle(request, session),
      handleMcp: () => Promise.reject(new Error('Not asked for')),
      requireSecrets: () => undefined,
      upstreamProblem: (session) => gateway.lastUpstreamError(session),
      keyProblem: () => Promise.resolve(undefined),
      forget: (session) => gateway.forget(session),
    },
  });
  const execution = await addExecution(store);
  await store.write((tx) => tx.db.updateTable('executions').set({ owner: 'rig' }).execute());
  await store.write(async (tx) => void (await sessions.open(tx, execution, 'main', session)));

  /** Resolves when the session sleeps, or the request is not open any more. */
  async function untilAsleep(request: string): Promise<void> {
    const asked = store.db.selectFrom('requests').select('status').where('id', '=', request);
    const sessionState = store.db.selectFrom('sessions').select('state');
    await vi.waitFor(
      async () => {
        await sessions.checkSleep();
        const { status } = await asked.executeTakeFirstOrThrow();
        const { state } = await sessionState.executeTakeFirstOrThrow();
        if (status === 'open' && state !== 'hibernated') throw new Error(`It is ${state}`);
      },
      { interval: 5, timeout: 60_000 },
    );
  }

  const stopAllowing = log.subscribe(execution, (frame) => {
    if (frame.kind !== 'event' || frame.event.kind !== 'request') return;
    const { request } = frame.event.payload;
    // One that is withdrawn meanwhile needs no answer.
    void (sleeps ? untilAsleep(request) : Promise.resolve())
      .then(() => inbox.answer(request, answer, { name: 'admin', role: 'admin' }))
      .catch(() => undefined);
  });

  return {
    sim,
    placement,
    settled,
    async say(text) {
      const turn = Promise.withResolvers<Outcome>();
      const key = turns.push(turn) - 1;
      await store.write(async (tx) => await sessions.send(tx, execution, 'main', text, String(key)));
      return await turn.promise;
    },
    events: () => log.read(execution, 0, 1000),
    async end() {
      stopAllowing();
      await sessions.detach();
      await placement.end();
      await remove();
      await sim.close();
    },
  };
}
