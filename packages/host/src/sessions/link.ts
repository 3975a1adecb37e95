import type { Duplex } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import type { LiveFrame, UpFrame } from '@airlock/protocol/wire';
import type { Fence } from '../ownership/ownership.ts';
import type { Tx } from '../store/store.ts';
import type { HostHello, McpRequest, ModelRequest, ModelResponse, Wire, WireHandlers } from '../wire/wire.ts';
import { commitUp, type Down } from './commit-up.ts';
import {
  type ContainerDeps,
  canWaitFor,
  removeReplaced,
  startContainer,
  wantsContainer,
  whyGone,
} from './container.ts';
import { unbringable } from './given-files.ts';
import { isFarewell, isFarewellQueued, readOutbox } from './outbox.ts';
import { isResting } from './replacement.ts';
import type { Room } from './room.ts';
import { findSession, isOfHost, type SessionRow, sessionId, takeContainer } from './session-row.ts';

/*
 * A link keeps one session connected while this host lives.
 *
 * L1. A session has one container at a time: its id is stored before a wire is opened to it, and another is started only
 *     after it is stored that this one is gone.
 * L2. Every wire has a higher epoch than any before it, and a frame is committed only under the epoch and from the
 *     container it came with.
 * L3. A frame is acknowledged after its commit; frame numbers of a container are committed without gap or repeat.
 * L4. What was queued for the runner is sent in order and kept until the runner has taken it.
 * L5. A container is replaced, or its session lost, only when the container is known to be gone, never because the engine
 *     could not be asked; nor is a session lost that has had one, because the engine or the image is away.
 * L6. What is said to Claude goes to the runner once the files given before are in the workspace.
 */

export interface LinkDeps extends ContainerDeps {
  /** Where there is room for containers. */
  readonly room: Pick<Room, 'hold' | 'enter' | 'leave'>;
  /** Nothing is written to a session whose execution another host has. */
  readonly fence: Fence;
  readonly openWire: (options: { duplex: Duplex; hello: HostHello; handlers: WireHandlers }) => Promise<Wire>;
  readonly commit: (tx: Tx, row: SessionRow, frame: UpFrame) => Promise<void>;
  readonly onLive: (row: SessionRow, frame: LiveFrame) => void;
  readonly onModel: (row: SessionRow, request: ModelRequest) => Promise<ModelResponse>;
  readonly onMcp: (row: SessionRow, request: McpRequest) => ReturnType<WireHandlers['onMcp']>;
  /** What Claude remembers of the session, line by line. */
  readonly onTranscript: (row: SessionRow) => AsyncIterable<string>;
  /** A wire is open; `again` when an earlier one to the same container was lost, to this host or another. */
  readonly onWireOpen: (row: SessionRow, again: boolean) => Promise<void>;
  /** The wire closed; live text of the session is void. */
  readonly onWireClosed: (row: SessionRow) => void;
  /** The engine cannot be asked about the session; told once until the next wire opens. */
  readonly onUnreachable: (session: string, problem: AirlockError) => Promise<void>;
  /** Brings files given so far into the workspace. `container_lost`: it is tried again in the next wire. */
  readonly bringFiles: (session: string, signal: AbortSignal) => Promise<void>;
  /** The container is gone although nobody asked for its end; resolves once it is stored what comes of it. */
  readonly onGone: (session: string, container: string, problem: AirlockError) => Promise<'replaced' | 'over'>;
  /** No container could be started. */
  readonly onLost: (session: string, problem: AirlockError) => Promise<void>;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface Link {
  /** Something was queued for the runner. */
  pump(): void;
  /** Lets go of the session; the container stays. Resolves when nothing of this link runs any more. */
  stop(): Promise<void>;
  readonly finished: Promise<void>;
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;

interface Served {
  /** The session as it was when the container was taken up. */
  readonly row: SessionRow;
  readonly container: string;
  /** No wire to it was open before. */
  isNew: boolean;
  readonly down: Down;
}

export function createLink(id: string, deps: LinkDeps): Link {
  const stopping = new AbortController();
  let wire: Wire | undefined;
  let pumping: Promise<void> = Promise.resolve();
  let sent = 0;
  /** H12: this container is told nothing more. */
  let isOver = false;
  let unreachable = false;
  let woken = Promise.withResolvers<void>();
  stopping.signal.addEventListener('abort', () => woken.resolve(), { once: true });

  function pump(): void {
    woken.resolve();
    pumping = pumping.then(sendQueued).catch((error: unknown) => {
      deps.log.warn({ session: id, error }, 'Sending to the runner failed');
      wire?.close();
    });
  }

  async function sendQueued(): Promise<void> {
    const target = wire;
    if (!target || isOver) return;
    for (const { n, frame } of await readOutbox(deps.store, id, sent)) {
      if (frame.type === 'prompt' && !(await bringFiles())) return;
      if (wire !== target || isOver) return;
      target.send(n, frame);
      sent = n;
      isOver = isFarewell(frame);
    }
  }

  /** L6: false when the session ends because of it. */
  async function bringFiles(): Promise<boolean> {
    try {
      await deps.bringFiles(id, stopping.signal);
      return true;
    } catch (error) {
      if (stopping.signal.aborted) return false;
      const problem = AirlockError.from(error, 'container_failed');
      if (!unbringable.has(problem.code)) throw problem;
      await deps.onLost(id, problem);
      return false;
    }
  }

  function handlersFor(row: SessionRow, down: Down): WireHandlers {
    return {
      async onUp(n, frame) {
        await commitUp(deps, row, down, { n, frame });
        if (frame.type !== 'not_put_off') return;
        isOver = false;
        pump();
      },
      onLive: (frame) => deps.onLive(row, frame),
      onDownAck: (n) => {
        down.taken = Math.max(down.taken, n);
      },
      onModel: (request) => deps.onModel(row, request),
      onMcp: (request) => deps.onMcp(row, request),
      onTranscript: () => deps.onTranscript(row),
    };
  }

  /** Opens one wire and serves it until it closes. */
  async function serveOnce({ container, isNew, down }: Served): Promise<void> {
    const [row, duplex] = await Promise.all([takeEpoch(), deps.placement.bridge(container)]);
    const { token, epoch, up_committed: upCommitted } = row;
    const hello: HostHello = { v: 1, session: sessionId(row), container, epoch, token, upCommitted };
    const opened = await deps.openWire({ duplex, hello, handlers: handlersFor({ ...row, container }, down) });
    isOver = row.state === 'hibernating' && !(await isFarewellQueued(deps.store, id, opened.downTaken));
    if (stopping.signal.aborted) opened.close();
    wire = opened;
    sent = opened.downTaken;
    down.taken = Math.max(down.taken, opened.downTaken);
    pump();
    unreachable = false;
    await deps.onWireOpen(row, epoch > 1 && !isNew);
    const { reason } = await opened.closed;
    wire = undefined;
    deps.onWireClosed(row);
    deps.log.debug({ session: id, reason }, 'Wire closed');
  }

  async function takeEpoch(): Promise<SessionRow> {
    return await deps.store.write(
      async (tx) =>
        await tx.db
          .updateTable('sessions')
          .set((eb) => ({ epoch: eb('epoch', '+', 1) }))
          .where('id', '=', id)
          .where(isOfHost(deps.fence))
          .returningAll()
          .executeTakeFirstOrThrow(() => new AirlockError('owned_elsewhere', "The session is no more this host's")),
    );
  }

  /** The container of the session, started if need be; undefined when it is to have none any more. */
  async function ensureContainer(): Promise<Served | undefined> {
    for (let pause = firstPauseMs; !stopping.signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
      woken = Promise.withResolvers();
      const row = await untilStored(() => findSession(deps.store, id));
      if (!row || !wantsContainer(row)) return undefined;
      const served = { row, isNew: false, down: { taken: 0, cleared: 0 } };
      if (row.container !== null) {
        await untilStored(() => deps.room.hold(row));
        return { ...served, container: row.container };
      }
      if (isResting(row)) {
        await rest(row);
        continue;
      }
      if (!(await hasRoom(row))) continue;
      if (stopping.signal.aborted) return undefined;
      const container = await startContainer(row, deps, stopping.signal).catch(whileUnreachable(row));
      if (container !== undefined) {
        await untilStored(() => deps.store.write(async (tx) => await takeContainer(tx, id, container)));
        return { ...served, container, isNew: true };
      }
      await deps.pause(pause, stopping.signal);
    }
    return undefined;
  }

  /** Waits for room, or for news of the session; true when it has room. */
  async function hasRoom(row: SessionRow): Promise<boolean> {
    const queued = await untilStored(() => deps.room.enter(row));
    if (!queued) return true;
    await Promise.race([queued.admitted, woken.promise]);
    return false;
  }

  /** Waits until there is something to do. */
  async function rest(row: SessionRow): Promise<void> {
    await removeReplaced(row, deps);
    deps.room.leave(id);
    if (!stopping.signal.aborted) await woken.promise;
  }

  function whileUnreachable(row: SessionRow): (error: unknown) => Promise<undefined> {
    return async (error) => {
      // It was still waiting for its caches.
      if (stopping.signal.aborted && error === stopping.signal.reason) return undefined;
      const problem = AirlockError.from(error, 'container_failed');
      if (!canWaitFor(row, problem)) throw problem;
      await noteUnreachable(problem);
    };
  }

  /** Serves a container until it is known to be gone; undefined when the link is stopped before. */
  async function serve(served: Served): Promise<AirlockError | undefined> {
    for (let pause = firstPauseMs; !stopping.signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
      try {
        await serveOnce(served);
        served.isNew = false;
        pause = firstPauseMs;
      } catch (error) {
        deps.log.debug({ session: id, error }, 'No wire');
      }
      if (stopping.signal.aborted) return undefined;
      const gone = await whyGone(served.row, served.container, deps).catch(noteUnreachable);
      if (gone) return gone;
      await deps.pause(pause, stopping.signal);
    }
    return undefined;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const served = await ensureContainer().catch(async (error: unknown) => {
        await untilStored(() => deps.onLost(id, AirlockError.from(error, 'container_failed')));
      });
      if (!served) return;
      const gone = await serve(served);
      if (!gone) return;
      const next = await untilStored(() => deps.onGone(id, served.container, gone));
      if (next !== 'replaced') return;
    }
  }

  /** Tries until the store can do it: a full disk must not leave a session without a link and without an end. */
  async function untilStored<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      try {
        return await work();
      } catch (error) {
        deps.log.warn({ session: id, error }, 'The store does not take what becomes of a session; trying again');
      }
      if (stopping.signal.aborted) return undefined;
      await deps.pause(pause, stopping.signal);
    }
  }

  async function noteUnreachable(error: unknown): Promise<undefined> {
    if (unreachable) return;
    try {
      await deps.onUnreachable(id, AirlockError.from(error, 'engine_unreachable'));
      unreachable = true;
    } catch (failure) {
      deps.log.warn({ session: id, error: failure }, 'Not written down that the engine does not answer');
    }
  }

  const finished = run().catch((error: unknown) => deps.log.warn({ session: id, error }, 'Link failed'));

  return {
    pump,
    async stop() {
      stopping.abort();
      wire?.close();
      await finished;
      await pumping;
    },
    finished,
  };
}
