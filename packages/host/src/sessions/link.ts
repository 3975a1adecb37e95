import type { Duplex } from 'node:stream';
import { AirlockError } from '@airlock/protocol/errors';
import type { LiveFrame, SessionSpec, UpFrame } from '@airlock/protocol/wire';
import type { Placement } from '../placement/placement.ts';
import type { Store, Tx } from '../store/store.ts';
import type { HostHello, ModelRequest, ModelResponse, Wire, WireHandlers } from '../wire/wire.ts';
import { clearOutbox, readOutbox } from './outbox.ts';
import { findSession, type SessionRow, sessionId, settingsOf } from './session-row.ts';

/*
 * A link keeps one session connected while this host lives.
 *
 * L1. A container is started at most once; its id is stored before a wire is opened to it.
 * L2. Every wire has a higher epoch than any before it, and a frame is committed only under the epoch it came with.
 * L3. A frame is acknowledged after its commit; frame numbers of a container are committed without gap or repeat.
 * L4. What was queued for the runner is sent in order and kept until the runner has taken it.
 * L5. A session is lost only when its container is known to be gone, never because the engine could not be asked.
 */

export interface LinkDeps {
  readonly store: Store;
  readonly placement: Placement;
  readonly openWire: (options: { duplex: Duplex; hello: HostHello; handlers: WireHandlers }) => Promise<Wire>;
  readonly specOf: (row: SessionRow) => SessionSpec;
  readonly commit: (tx: Tx, row: SessionRow, frame: UpFrame) => Promise<void>;
  readonly onLive: (row: SessionRow, frame: LiveFrame) => void;
  readonly onModel: (row: SessionRow, request: ModelRequest) => Promise<ModelResponse>;
  /** A wire is open; `again` when an earlier one was lost, to this host or another. */
  readonly onWireOpen: (row: SessionRow, again: boolean) => Promise<void>;
  /** The wire closed; live text of the session is void. */
  readonly onWireClosed: (row: SessionRow) => void;
  /** The engine cannot be asked about the session; told once until the next wire opens. */
  readonly onUnreachable: (session: string, problem: AirlockError) => Promise<void>;
  /** The container is gone although nobody asked for its end. */
  readonly onLost: (session: string, problem: AirlockError) => Promise<void>;
  readonly log: { debug(fields: object, text: string): void; warn(fields: object, text: string): void };
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

export function createLink(id: string, deps: LinkDeps): Link {
  const stopping = new AbortController();
  let wire: Wire | undefined;
  let pumping: Promise<void> = Promise.resolve();
  let sent = 0;
  let unreachable = false;
  /** Last down frames the runner has taken and the store has forgotten; the difference waits for the next write. */
  let taken = 0;
  let cleared = 0;

  function pump(): void {
    pumping = pumping.then(sendQueued).catch((error: unknown) => {
      deps.log.warn({ session: id, error }, 'Sending to the runner failed');
      wire?.close();
    });
  }

  async function sendQueued(): Promise<void> {
    const target = wire;
    if (!target) return;
    for (const { n, frame } of await readOutbox(deps.store, id, sent)) {
      if (wire !== target) return;
      target.send(n, frame);
      sent = n;
    }
  }

  function handlersFor(row: SessionRow, epoch: number): WireHandlers {
    return {
      onUp: (n, frame) => commitUp(row, epoch, n, frame),
      onLive: (frame) => deps.onLive(row, frame),
      onDownAck: (n) => {
        taken = n;
      },
      onModel: (request) => deps.onModel(row, request),
    };
  }

  async function commitUp(row: SessionRow, epoch: number, n: number, frame: UpFrame): Promise<void> {
    await deps.store.write(async (tx) => {
      const now = await tx.db
        .updateTable('sessions')
        .set({ up_committed: n })
        .where('id', '=', id)
        .where('container', '=', row.container)
        .where('epoch', '=', epoch)
        .where('up_committed', '=', n - 1)
        .returningAll()
        .executeTakeFirst();
      if (!now) throw new AirlockError('wire_refused', `Frame ${n} came under epoch ${epoch}, which is over`);
      if (cleared < taken) await clearOutbox(tx, id, taken);
      cleared = taken;
      await deps.commit(tx, now, frame);
    });
  }

  /** Opens one wire and serves it until it closes. */
  async function serveOnce(container: string): Promise<void> {
    const [row, duplex] = await Promise.all([takeEpoch(), deps.placement.bridge(container)]);
    const { token, epoch, up_committed: upCommitted } = row;
    const hello: HostHello = { v: 1, session: sessionId(row), container, epoch, token, upCommitted };
    const opened = await deps.openWire({ duplex, hello, handlers: handlersFor(row, epoch) });
    if (stopping.signal.aborted) opened.close();
    wire = opened;
    sent = opened.downTaken;
    taken = Math.max(taken, opened.downTaken);
    pump();
    unreachable = false;
    await deps.onWireOpen(row, epoch > 1);
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
          .returningAll()
          .executeTakeFirstOrThrow(),
    );
  }

  /** Starts the container unless the session has one. */
  async function ensureContainer(): Promise<string> {
    const row = await findSession(deps.store, id);
    if (!row) throw new AirlockError('not_found', `There is no session ${id}`);
    if (row.container !== null) return row.container;
    const { memoryBytes, workspaceBytes } = settingsOf(row);
    const placed = await deps.placement.start({
      image: row.image,
      session: deps.specOf(row),
      memoryBytes,
      workspaceBytes,
    });
    await deps.store.write(async (tx) => {
      await tx.db.updateTable('sessions').set({ container: placed.id, up_committed: 0 }).where('id', '=', id).execute();
    });
    return placed.id;
  }

  /** Whether the container can still be talked to; an engine that cannot be asked says neither yes nor no. */
  async function whyGone(container: string): Promise<AirlockError | undefined> {
    const state = await deps.placement.inspect(container);
    if (state.kind === 'running') return undefined;
    if (state.kind === 'missing') return new AirlockError('container_lost', 'It was removed from outside');
    if (state.outOfMemory) {
      const limit = `${Math.round((await memoryOf(id)) / 1024 ** 2)} MiB`;
      return new AirlockError('container_out_of_memory', `It used more than its limit of ${limit}`);
    }
    const words = await deps.placement.lastWords(container).catch(() => '');
    return new AirlockError('container_lost', `${howEnded(state.code)}${words ? `: ${words}` : ''}`);
  }

  async function memoryOf(session: string): Promise<number> {
    const row = await findSession(deps.store, session);
    return row ? settingsOf(row).memoryBytes : 0;
  }

  async function run(): Promise<void> {
    let container: string;
    try {
      container = await ensureContainer();
    } catch (error) {
      return await tellLost(AirlockError.from(error, 'container_failed'));
    }
    let pause = firstPauseMs;
    while (!stopping.signal.aborted) {
      try {
        await serveOnce(container);
        pause = firstPauseMs;
      } catch (error) {
        deps.log.debug({ session: id, error }, 'No wire');
      }
      if (stopping.signal.aborted) return;
      const gone = await whyGone(container).catch(noteUnreachable);
      if (gone) return await tellLost(gone);
      await deps.pause(pause, stopping.signal);
      pause = Math.min(pause * 2, longestPauseMs);
    }
  }

  /** Tries until it is written down: a full disk must not leave a session without a link and without an end. */
  async function tellLost(problem: AirlockError): Promise<void> {
    for (let pause = firstPauseMs; !stopping.signal.aborted; pause = Math.min(pause * 2, longestPauseMs)) {
      try {
        return await deps.onLost(id, problem);
      } catch (error) {
        deps.log.warn({ session: id, error }, 'The loss of a session could not be written down; trying again');
      }
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

/** An exit code of 128 and more is the number of the signal that ended it. */
function howEnded(code: number): string {
  return code === 137 ? 'It was killed' : `It ended with code ${code}`;
}
