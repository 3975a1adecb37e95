import type { SessionView } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import type { Id } from '@airlock/protocol/ids';
import type { Json } from '@airlock/protocol/json';
import type { SessionOptions } from '@airlock/protocol/service-channel';
import type { Usage } from '@airlock/protocol/usage';
import type { ExecutionFiles } from '../files/execution-files.ts';
import type { Inbox, RequestOwner } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { Fence } from '../ownership/ownership.ts';
import type { Placement, WorkerImage } from '../placement/placement.ts';
import type { Store, Tx } from '../store/store.ts';
import { abandonTurn } from './abandon.ts';
import { askToEnd } from './ask-to-end.ts';
import { describeSession } from './describe-session.ts';
import type { FrameSinks } from './frames.ts';
import { createGivenFiles } from './given-files.ts';
import type { LinkDeps } from './link.ts';
import { createLinkDeps, type WireParts } from './link-deps.ts';
import { createLinks, type Links } from './links.ts';
import { createLosses } from './losses.ts';
import { createMadeFiles } from './made-files.ts';
import { addMetered } from './meter.ts';
import { openSession } from './open-session.ts';
import { reconcile } from './reconcile.ts';
import { createRequestOwner } from './request-owner.ts';
import { sendPrompt } from './send-prompt.ts';
import { endToolUse, nextToolUse } from './service-tools.ts';
import {
  findSession,
  ongoingStates,
  openStates,
  problemOf,
  type SessionRow,
  sessionByName,
  settingsOf,
} from './session-row.ts';
import type { Settle } from './settle.ts';
import { createSleeper } from './sleeper.ts';
import { createStallWatch } from './stall-watch.ts';
import { createSteering, type Steering } from './steering.ts';
import { createWorkspaceWatch } from './workspace-watch.ts';

export interface Sessions {
  /** Makes the session of this name, or finds it; its container starts after the commit. */
  open(tx: Tx, execution: string, name: string, options: SessionOptions): Promise<Id>;
  /** Begins a turn; `key` gets its outcome. A second `send` with the same key changes nothing. */
  send(tx: Tx, execution: string, name: string, text: string, key: string): Promise<void>;
  /** The next use of a tool of the service that it has not got yet; undefined when there is none. */
  toolUse(tx: Tx, execution: string, name: string): Promise<Json | undefined>;
  /** Tells Claude what came of it. */
  toolDone(tx: Tx, execution: string, done: ToolDone): Promise<void>;
  /** Nobody waits any more for the turn that call `key` began: it is interrupted. */
  abandon(tx: Tx, execution: string, key: string): Promise<void>;
  /** Asks the conversation to end; its container goes, its workspace stays. */
  end(tx: Tx, execution: string, name?: string): Promise<void>;
  /** Removes containers and workspaces of an ended execution. */
  purge(execution: string): Promise<void>;
  /** Adds what the gateway metered to the turn and the execution. */
  meter(session: string, model: string, usage: Usage): Promise<void>;
  readonly requestOwner: RequestOwner;
  readonly steering: Steering;
  /** Rejects with `not_found`. */
  describe(session: string): Promise<SessionView>;
  /** Takes up the sessions of this host's executions, and removes containers the store does not know. */
  recover(): Promise<void>;
  /** Takes up the sessions of executions that were another host's. */
  adopt(executions: readonly string[]): Promise<void>;
  /** Lets go of the sessions of executions another host has now. */
  release(executions: readonly string[]): Promise<void>;
  /** Puts sessions to sleep that have had nothing to do for their time. */
  checkSleep(): Promise<void>;
  /** Ends turns in which nothing has happened for too long. */
  checkStalls(): Promise<void>;
  /** Ends sessions whose workspace has outgrown its limit. Looks every 15 s, at sessions at work. */
  checkWorkspaces(): Promise<void>;
  /** Resolves when files on their way from an execution's sessions are kept, or after 10 s. */
  filesSettled(execution: string): Promise<void>;
  /** Lets go of every session; containers stay for the next host. */
  detach(): Promise<void>;
  /** Ends every open session and removes its container. */
  endAll(): Promise<void>;
}

type ToolDone = Parameters<typeof endToolUse>[2];

export interface SessionsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly placement: Placement;
  readonly files: ExecutionFiles;
  readonly wire: WireParts;
  readonly settle: Settle;
  readonly fence: Fence;
  readonly clock: () => Date;
  /** The worker image now in use. */
  readonly image: () => WorkerImage;
  readonly logger: LinkDeps['log'];
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
  const losses = createLosses({ ...options, sinks, stalls, made });
  const { lost, release } = losses;
  const linkDeps = createLinkDeps({ ...options, sinks, stalls, losses, made, bringFiles: createGivenFiles(options) });
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

  /** Ends a session from our side, at once. */
  async function fail(id: string, problem: AirlockError): Promise<void> {
    await links.disconnect(id);
    await lost(id, problem);
  }

  /** Sessions in one of these states, of executions this host has. */
  async function rowsIn(states: readonly SessionRow['state'][]): Promise<SessionRow[]> {
    return await store.db
      .selectFrom('sessions')
      .innerJoin('executions', 'executions.id', 'sessions.execution')
      .selectAll('sessions')
      .where('state', 'in', states)
      .where('owner', '=', options.fence.host)
      .execute();
  }

  function takeUp(row: SessionRow): void {
    if (row.turn_call !== null) stalls.begin(row.id, settingsOf(row).stallMs);
    links.connect(row.id);
    if (row.state === 'ending') void endOrRemove(row.id);
  }

  return {
    async open(tx, execution, name, sessionOptions) {
      const opening = { execution, name, options: sessionOptions, image: options.image(), now: clock() };
      const { id, isNew } = await openSession(tx, log, opening);
      if (!isNew) return id;
      tx.afterCommit(() => {
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

    async abandon(tx, execution, key) {
      const id = await abandonTurn(tx, inbox, execution, key);
      if (id === undefined) return;
      tx.afterCommit(() => {
        stalls.forget(id);
        links.pump(id);
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

    async purge(execution) {
      const rows = await store.db.selectFrom('sessions').selectAll().where('execution', '=', execution).execute();
      for (const { id } of rows) {
        // A container that was starting is known once its link has stopped.
        await links.disconnect(id);
        const row = await findSession(store, id);
        for (const container of [row?.container, row?.replaces]) if (container) await placement.remove(container);
        await placement.removeWorkspace(id);
      }
    },

    meter: (session, model, usage) => store.write(async (tx) => await addMetered(tx, log, session, model, usage)),

    requestOwner: createRequestOwner((session) => {
      stalls.touch(session);
      links.pump(session);
    }),

    describe: (session) => describeSession(store, session),

    steering: createSteering({
      store,
      log,
      image: options.image,
      onQueued: (id, wakes) => {
        stalls.touch(id);
        links.rouse(id, wakes);
      },
    }),

    async recover() {
      for (const row of await rowsIn([...openStates, 'hibernated'])) {
        if (row.problem !== null) await lost(row.id, problemOf(row));
      }
      await reconcile({ store, placement, logger: options.logger });
      for (const row of await rowsIn(openStates)) takeUp(row);
    },

    async adopt(executions) {
      const mine = new Set(executions);
      for (const row of await rowsIn(openStates)) if (mine.has(row.execution)) takeUp(row);
    },

    async release(executions) {
      const lost = new Set(executions);
      for (const id of links.sessions()) {
        const row = await findSession(store, id);
        if (!row || !lost.has(row.execution)) continue;
        stalls.forget(id);
        await links.disconnect(id);
      }
    },

    checkSleep: createSleeper({ ...options, losses, links }),

    async checkStalls() {
      for (const id of stalls.due()) {
        const row = await findSession(store, id);
        const waiting = row && (await inbox.listOpen({ execution: row.execution, limit: 1 })).length > 0;
        if (waiting) {
          stalls.touch(id);
          continue;
        }
        await fail(id, new AirlockError('claude_stalled', 'Neither the model nor a tool did anything'));
      }
    },

    checkWorkspaces: createWorkspaceWatch({ store, placement, fail, logger: options.logger }),

    filesSettled: made.settled,

    async detach() {
      await Promise.all(links.sessions().map(links.disconnect));
    },

    async endAll() {
      const rows = await rowsIn([...openStates, 'hibernated']);
      await Promise.all(links.sessions().map(links.disconnect));
      for (const row of rows) await lost(row.id, new AirlockError('container_lost', 'Airlock was told to end it'));
      for (const placed of await placement.list()) await placement.remove(placed.id);
    },
  };
}

const endGraceMs = 5_000;
