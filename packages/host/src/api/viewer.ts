import type { Event } from '@airlock/protocol/events';
import { eventFrame, type LogFrame, liveFrame } from '../log/frames.ts';
import type { LiveBlock } from '../log/live-text.ts';
import type { Log } from '../log/log.ts';
import type { Timing } from '../log/timing.ts';

/** Where frames go: a response, or any other stream with back-pressure. */
export interface Outlet {
  write(chunk: Buffer | string): boolean;
  readonly writableNeedDrain: boolean;
  readonly destroyed: boolean;
  destroy(): unknown;
  on(event: 'drain' | 'close', listener: () => void): unknown;
}

export interface Viewing {
  readonly outlet: Outlet;
  readonly log: Pick<Log, 'read' | 'subscribe' | 'unfinished'>;
  readonly execution: string;
  /** Seq of the last event the viewer has. */
  readonly after: number;
  readonly timing: Timing;
}

/** What a viewer who does not keep pace must still be told. It does not grow with what is written meanwhile. */
interface Behind {
  /** How much of each block it was told. */
  readonly told: Map<LiveBlock, number>;
  /** Messages given up of which it was told something. */
  readonly retracts: Buffer[];
  /** Whether the store may have more than is known here. */
  joins: boolean;
  /** The last event known to be stored. */
  stored: number;
}

export const pageSize = 50;
export const keepAliveMs = 15_000;
/** A viewer that takes nothing for so many keep-alives is let go; should it come back, it resumes. */
export const patience = 8;

/**
 * Follows an execution for one viewer. Resolves when it has left; rejects when its events cannot be read.
 *
 * F1. Stored events are written once each, in order, without a gap, from `after` on.
 * F2. A viewer that keeps pace gets frames as they were made for all. One that joins or fell behind gets the events it
 *     misses from the store, then the live text it misses in one delta per block, and keeps pace again.
 * F3. Nothing is written while the outlet is full: a slow viewer costs at most a page of events, however slow it is.
 * F4. Live text is never written after the event that settles it, nor twice. What was given up is retracted from those
 *     who were told of it, before anything more of that message.
 * F5. A viewer hears something at least every `keepAliveMs`; one that takes nothing is let go.
 */
export async function follow({ outlet, log, execution, after, timing }: Viewing): Promise<void> {
  if (outlet.destroyed) return;
  const over = Promise.withResolvers<void>();
  let drained = Promise.withResolvers<void>();
  let cursor = after;
  let behind: Behind | undefined;

  /** To be called when the viewer was told everything but the events up to `stored`. */
  function fallBehind(stored: number, joins = false): void {
    const told = new Map(joins ? [] : log.unfinished(execution).map((block) => [block, block.told.length]));
    behind = { told, retracts: [], stored, joins };
    catchUp(behind).catch(over.reject);
  }

  function write(chunk: Buffer | string): void {
    outlet.write(chunk);
    if (!behind && outlet.writableNeedDrain) fallBehind(cursor);
  }

  function writeEvent({ seq }: Event, sse: Buffer): void {
    cursor = seq;
    write(sse);
  }

  function onFrame(frame: LogFrame): void {
    if (behind) note(behind, frame);
    else if (frame.kind !== 'event') write(frame.sse);
    else if (frame.event.seq === cursor + 1) writeEvent(frame.event, frame.sse);
    else if (frame.event.seq > cursor) fallBehind(frame.event.seq);
  }

  /** Waits until there is room in the outlet; false when the viewer has left. */
  async function hasRoom(): Promise<boolean> {
    while (outlet.writableNeedDrain && !outlet.destroyed) {
      drained = Promise.withResolvers();
      await drained.promise;
    }
    return !outlet.destroyed;
  }

  async function catchUp(missing: Behind): Promise<void> {
    while (await hasRoom()) {
      const retract = missing.retracts.shift();
      if (retract) write(retract);
      else if (missing.joins || missing.stored > cursor) await writePage(missing);
      else {
        const deltas = untold(log.unfinished(execution), missing.told);
        behind = undefined;
        if (deltas.length > 0) write(liveFrame(deltas).sse);
        return;
      }
    }
  }

  async function writePage(missing: Behind): Promise<void> {
    const { stored } = missing;
    const page = await log.read(execution, cursor, pageSize);
    for (const event of page) {
      if (!(await hasRoom())) return;
      writeEvent(event, eventFrame(event).sse);
    }
    if (page.length < pageSize) missing.joins = false;
    // Known to be stored and not there: the execution was deleted.
    if (page.length === 0 && missing.stored === stored) missing.stored = cursor;
  }

  outlet.on('drain', () => drained.resolve());
  outlet.on('close', () => {
    drained.resolve();
    over.resolve();
  });
  const stopBeating = beat(outlet, timing, () => write(': alive\n\n'));
  const unsubscribe = log.subscribe(execution, onFrame);
  fallBehind(after, true);
  try {
    await over.promise;
  } finally {
    unsubscribe();
    stopBeating();
  }
}

/** Beats while there is room, and lets an outlet go that stays full. Returns how to stop. */
function beat(outlet: Outlet, timing: Timing, onBeat: () => void): () => void {
  let full = 0;
  function next(): () => void {
    return timing.after(keepAliveMs, () => {
      full = outlet.writableNeedDrain ? full + 1 : 0;
      if (full === patience) {
        outlet.destroy();
        return;
      }
      if (full === 0) onBeat();
      cancel = next();
    });
  }
  let cancel = next();
  outlet.on('drain', () => {
    full = 0;
  });
  return () => cancel();
}

/** Keeps of a frame that could not be written what cannot be looked up later. */
function note(behind: Behind, frame: LogFrame): void {
  if (frame.kind === 'event') behind.stored = frame.event.seq;
  if (frame.kind !== 'retract') return;
  const { session, messageId } = frame.retract;
  const given = [...behind.told.keys()].filter((block) => block.session === session && block.messageId === messageId);
  for (const block of given) behind.told.delete(block);
  if (given.length > 0) behind.retracts.push(frame.sse);
}

function untold(unfinished: readonly LiveBlock[], told: ReadonlyMap<LiveBlock, number>) {
  return unfinished.flatMap((block) => {
    const { session, messageId, block: place, kind } = block;
    const text = block.told.slice(told.get(block) ?? 0);
    return text === '' ? [] : [{ session, messageId, block: place, kind, text }];
  });
}
