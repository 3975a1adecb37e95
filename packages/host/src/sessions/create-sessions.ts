import { AirlockError } from '@airlock/protocol/errors';
import type { Caches } from '../caches/caches.ts';
import type { ExecutionFiles } from '../files/execution-files.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { Fence } from '../ownership/ownership.ts';
import type { Placement, WorkerImage } from '../placement/placement.ts';
import type { Repositories } from '../repositories/repositories.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import { abandonTurn } from './abandon.ts';
import { type Need, unlimited } from './admission.ts';
import { askToEnd } from './ask-to-end.ts';
import { createBranches } from './branches.ts';
import { describeSession } from './describe-session.ts';
import type { FrameSinks } from './frames.ts';
import { createGivenFiles } from './given-files.ts';
import { createInside } from './inside.ts';
import type { LinkDeps } from './link.ts';
import { createLinkDeps, type WireParts } from './link-deps.ts';
import { createLinks, type Links } from './links.ts';
import { createLosses } from './losses.ts';
import { createMadeFiles } from './made-files.ts';
import { addMetered } from './meter.ts';
import { openSession } from './open-session.ts';
import { createPool } from './pool.ts';
import { purgeSessions } from './purge.ts';
import { reconcile } from './reconcile.ts';
import { createRequestOwner } from './request-owner.ts';
import { createRoom } from './room.ts';
import { sendPrompt } from './send-prompt.ts';
import { endToolUse, nextToolUse } from './service-tools.ts';
import { createSessionCaches } from './session-caches.ts';
import { readSessionLog } from './session-log.ts';
import {
  findSession,
  ongoingStates,
  openStates,
  problemOf,
  type SessionRow,
  sessionByName,
  settingsOf,
} from './session-row.ts';
import type { Sessions } from './sessions.ts';
import type { Settle } from './settle.ts';
import { createSleeper } from './sleeper.ts';
import { createSpares } from './spares.ts';
import { createStallCheck } from './stall-check.ts';
import { createStallWatch } from './stall-watch.ts';
import { createSteering } from './steering.ts';
import { rowsIn, takeUp } from './take-up.ts';
import { createWorkspaceWatch } from './workspace-watch.ts';

export interface SessionsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly placement: Placement;
  readonly files: ExecutionFiles;
  readonly workspaces: Workspaces;
  readonly repositories: Repositories;
  readonly caches: Pick<Caches, 'use' | 'areFilled'>;
  readonly wire: WireParts;
  readonly settle: Settle;
  readonly fence: Fence;
  readonly clock: () => Date;
  /** The worker image now in use. */
  readonly image: () => WorkerImage;
  readonly logger: LinkDeps['log'];
  /** Names the installation, whose containers these are. */
  readonly installation: string;
  /** Containers that are kept started ahead of time, at most. */
  readonly mostSpares: number;
  /** What all containers of this host may take of the machine together. No limit when left out. */
  readonly budget?: Need;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { store, log, inbox, placement, clock } = options;
  const stalls = createStallWatch(() => performance.now());
  const sinks: FrameSinks = {
    log,
    inbox,
    settle: options.settle,
    clock,
    onQueued: (id) => links.pump(id),
    upstreamProblem: options.wire.upstreamProblem,
  };
  const made = createMadeFiles(options);
  const room = createRoom({ ...options, budget: options.budget ?? unlimited });
  const spares = createSpares({ store, home: options.installation, clock });
  const pool = createPool({ ...options, spares, room, most: options.mostSpares });
  const losses = createLosses({ ...options, sinks, stalls, made, room });
  const { lost, release } = losses;
  const { workspaces } = options;
  const branches = createBranches(options);
  const bringFiles = createGivenFiles({ ...options, onProgress: (id) => stalls.touch(id) });
  const { withCaches, isFilling } = createSessionCaches(options);
  const parts = { sinks, stalls, losses, made, room, workspaces, bringFiles, withCaches };
  const linkDeps = createLinkDeps({ ...options, ...parts });
  const links: Links = createLinks(linkDeps);

  async function byName(tx: Tx, execution: string, name: string): Promise<SessionRow> {
    const [row] = await tx.run(sessionByName, { execution, name });
    if (!row) throw new AirlockError('not_found', `The execution has no session named ${name}`);
    return row;
  }

  /** Ends a session at once when its first request could only be refused: people need not wait for its container. */
  async function refuseWrongKey(id: string): Promise<void> {
    const problem = await options.wire.keyProblem();
    if (!problem) return;
    await lost(id, new AirlockError(problem.code, problem.detail));
    await links.disconnect(id);
    await release(id);
  }

  /** Gives a session asked to end a moment to do so, then removes its container. */
  async function endOrRemove(id: string): Promise<void> {
    const enough = new AbortController();
    await Promise.race([links.finished(id), linkDeps.pause(endGraceMs, enough.signal)]);
    enough.abort();
    await links.disconnect(id);
    await lost(id, new AirlockError('container_lost', 'It was removed'));
  }

  /** Ends a session from our side. */
  async function fail(id: string, problem: AirlockError): Promise<void> {
    await links.disconnect(id);
    await lost(id, problem);
  }

  const takingUp = { ...options, room, stalls, links, onEnding: (id: string) => void endOrRemove(id) };

  return {
    async open(tx, execution, name, sessionOptions) {
      room.check(sessionOptions);
      const { requireSecrets } = options.wire;
      const common = { image: options.image(), now: clock(), spares, requireSecrets };
      const opening = { execution, name, options: sessionOptions, ...common };
      const { id, isNew, spare, service } = await openSession(tx, log, opening);
      if (!isNew) return id;
      if (sessionOptions.repository) options.repositories.require(sessionOptions.repository);
      tx.afterCommit(() => {
        if (spare !== null) void placement.claim(spare, id);
        pool.opened(JSON.stringify(sessionOptions), service);
        made.begin(id, execution);
        links.connect(id);
        void refuseWrongKey(id);
      });
      return id;
    },

    async send(tx, execution, name, text, key) {
      const row = await byName(tx, execution, name);
      if (!(await sendPrompt(tx, log, row, { text, key, image: options.image() }))) return;
      tx.afterCommit(() => {
        stalls.begin(row.id, settingsOf(row).stallMs);
        links.rouse(row.id, row.state === 'hibernated');
      });
    },

    toolUse: nextToolUse,

    async toolDone(tx, execution, done) {
      const id = await endToolUse(tx, execution, done);
      if (id !== undefined) tx.afterCommit(() => links.pump(id));
    },

    branch: branches.begin,

    async abandon(tx, execution, key) {
      const row = await abandonTurn(tx, execution, key, { inbox, log, image: options.image() });
      if (!row) return;
      tx.afterCommit(() => {
        stalls.forget(row.id);
        links.rouse(row.id, row.state === 'hibernated');
      });
    },

    async end(tx, execution, name) {
      let query = tx.db
        .selectFrom('sessions')
        .selectAll()
        .where('execution', '=', execution)
        .where('state', 'in', ongoingStates);
      if (name !== undefined) query = query.where('name', '=', name);
      for (const row of await query.execute()) {
        await askToEnd(tx, inbox, row);
        tx.afterCommit(() => {
          stalls.forget(row.id);
          made.expectLast(row.id);
          links.pump(row.id);
          void endOrRemove(row.id);
        });
      }
    },

    purge: (execution) => purgeSessions(execution, { store, placement, stop: links.disconnect }),

    meter: (session, model, usage) => store.write(async (tx) => await addMetered(tx, log, session, model, usage)),

    requestOwner: createRequestOwner({
      log,
      image: options.image,
      onReply(row) {
        const slept = row.state === 'hibernated';
        // Another host may have seen it fall asleep.
        if (slept && row.turn_call !== null) stalls.begin(row.id, settingsOf(row).stallMs);
        stalls.touch(row.id);
        links.rouse(row.id, slept);
      },
    }),

    describe: (session) => describeSession(store, session),
    inside: createInside({ store, placement, clock, before: room.before }),
    readLog: (session, tail) => readSessionLog({ store, placement, before: room.before }, session, tail),

    steering: createSteering({
      store,
      log,
      inbox,
      image: options.image,
      onQueued: (id, wakes) => {
        stalls.touch(id);
        links.rouse(id, wakes);
      },
    }),

    async recover() {
      const condemned = (await rowsIn(options, [...openStates, 'hibernated'])).filter(
        ({ problem }) => problem !== null,
      );
      for (const row of condemned) await lost(row.id, problemOf(row));
      await pool.begin();
      await reconcile({ store, placement, logger: options.logger });
      await takeUp(await rowsIn(options, openStates), takingUp);
      await branches.resume();
    },

    async adopt(executions) {
      const mine = new Set(executions);
      const rows = await rowsIn(options, openStates);
      await takeUp(
        rows.filter(({ execution }) => mine.has(execution)),
        takingUp,
      );
      await branches.resume();
    },

    async release(executions) {
      const lost = new Set(executions);
      for (const id of links.sessions()) {
        const row = await findSession(store, id);
        if (!row || !lost.has(row.execution)) continue;
        stalls.forget(id);
        await links.disconnect(id);
        room.leave(id);
      }
    },

    before: room.before,

    checkSleep: createSleeper({ ...options, losses, links, room }),

    checkStalls: createStallCheck({ store, inbox, stalls, room, isFilling, fail }),

    checkWorkspaces: createWorkspaceWatch({ store, placement, fail, logger: options.logger }),

    filesSettled: made.settled,

    pool,

    async detach() {
      branches.stop();
      await pool.close();
      await Promise.all(links.sessions().map(links.disconnect));
      await options.workspaces.idle();
    },

    async endAll() {
      await pool.close();
      const rows = await rowsIn(options, [...openStates, 'hibernated']);
      await Promise.all(links.sessions().map(links.disconnect));
      for (const row of rows) await lost(row.id, new AirlockError('container_lost', 'Airlock was told to end it'));
      for (const placed of await placement.list()) await placement.remove(placed.id);
    },
  };
}

const endGraceMs = 5_000;
