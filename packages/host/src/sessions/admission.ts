/*
 * Room for containers on the engine's machine: who has it, and who waits for it.
 *
 * Q11. Those who have room need no more than there is, together; one who needs more than all of it has it alone.
 * Q12. Room is given in rounds: in each, every user who waits gets it once, in the order in which they asked. Nobody is
 *      passed by one who needs less, or who has had a container before.
 * Q13. A restart changes nothing about it: containers that are there have their room, and who waited waits on, in the same
 *      order.
 * Q14. One whose service has as many containers as it wants at once keeps its place, and is passed by others until one of
 *      them leaves.
 */

/** What a container takes of the machine. */
export interface Need {
  readonly cpus: number;
  readonly memoryBytes: number;
}

export const unlimited: Need = { cpus: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY };

/** A service that wants no more than so many containers at once. */
export interface Share {
  readonly service: string;
  readonly most: number;
}

export interface Ticket {
  readonly session: string;
  readonly user: string;
  readonly need: Need;
  readonly share?: Share | undefined;
  /** Since when it waits, in milliseconds since 1970. */
  readonly since: number;
}

export interface Admission {
  /** The container is there already: it has room, whatever there is. */
  hold(session: string, need: Need): void;
  /** One that has room counts as one of its service; nothing happens when it has left meanwhile. */
  count(session: string, share: Share): void;
  /** Has room for a container nobody needs yet, if there is some left and nobody waits; whether it has. */
  holdSpare(session: string, need: Need): boolean;
  /** Undefined when there is room, which it then has; else resolves when it has. Asked again it keeps its place. */
  enter(ticket: Ticket): Promise<void> | undefined;
  /** It needs no room any more, or does not wait for it. */
  leave(session: string): void;
  /** How many get room before it; undefined when it does not wait. */
  before(session: string): number | undefined;
  /** What those who wait for room lack, all together; undefined when nobody does. */
  lacking(): Need | undefined;
  /** How many wait because of the service of this session, which has room; undefined when it may have any number. */
  waitingFor(session: string): { readonly service: string; readonly count: number } | undefined;
}

interface Held {
  readonly need: Need;
  readonly share: Share | undefined;
}

interface Waiting extends Ticket {
  readonly round: number;
  readonly n: number;
  readonly admitted: PromiseWithResolvers<void>;
}

export function createAdmission(budget: Need): Admission {
  const held = new Map<string, Held>();
  const waiting: Waiting[] = [];
  /** The last round in which a user asked for room. */
  const lastRound = new Map<string, number>();
  let round = 0;
  let asked = 0;

  function used(): Need {
    return [...held.values()].map(({ need }) => need).reduce(sum, { cpus: 0, memoryBytes: 0 });
  }

  /** Its service has as many as it wants. */
  function isFull({ share }: Pick<Ticket, 'share'>): boolean {
    if (share === undefined) return false;
    return [...held.values()].filter((each) => each.share?.service === share.service).length >= share.most;
  }

  function fits(need: Need): boolean {
    const all = sum(used(), need);
    return held.size === 0 || (all.cpus <= budget.cpus + rounding && all.memoryBytes <= budget.memoryBytes);
  }

  function serve(): void {
    for (;;) {
      const next = waiting.find((each) => !isFull(each));
      if (!next || !fits(next.need)) break;
      drop(waiting, next.session);
      round = Math.max(round, next.round);
      held.set(next.session, { need: next.need, share: next.share });
      next.admitted.resolve();
    }
    if (waiting.length === 0) lastRound.clear();
  }

  function join(ticket: Ticket): Waiting {
    const own = Math.max(round, (lastRound.get(ticket.user) ?? round - 1) + 1);
    lastRound.set(ticket.user, own);
    asked += 1;
    const entry = { ...ticket, round: own, n: asked, admitted: Promise.withResolvers<void>() };
    waiting.push(entry);
    waiting.sort((a, b) => a.round - b.round || a.since - b.since || a.n - b.n);
    return entry;
  }

  return {
    hold(session, need) {
      drop(waiting, session);
      held.set(session, { need, share: held.get(session)?.share });
    },
    count(session, share) {
      const has = held.get(session);
      if (has) held.set(session, { ...has, share });
    },
    holdSpare(session, need) {
      if (waiting.length > 0 || !fits(need)) return false;
      held.set(session, { need, share: undefined });
      return true;
    },
    enter(ticket) {
      if (held.has(ticket.session)) return undefined;
      const known = waiting.find(({ session }) => session === ticket.session);
      if (known) return known.admitted.promise;
      const entry = join(ticket);
      serve();
      return held.has(ticket.session) ? undefined : entry.admitted.promise;
    },
    leave(session) {
      drop(waiting, session);
      held.delete(session);
      serve();
    },
    before(session) {
      const place = waiting.findIndex((each) => each.session === session);
      const own = waiting[place]?.share?.service;
      if (place === -1) return undefined;
      return waiting.slice(0, place).filter((each) => !isFull(each) || each.share?.service === own).length;
    },
    lacking() {
      const ready = waiting.filter((each) => !isFull(each));
      if (ready.length === 0) return undefined;
      const all = ready.map(({ need }) => need).reduce(sum, used());
      return { cpus: all.cpus - budget.cpus, memoryBytes: all.memoryBytes - budget.memoryBytes };
    },
    waitingFor(session) {
      const service = held.get(session)?.share?.service;
      if (service === undefined) return undefined;
      const blocked = waiting.filter((each) => each.share?.service === service && isFull(each));
      return { service, count: blocked.length };
    },
  };
}

/** What adding up tenths of a CPU may be off by. */
const rounding = 1e-6;

function sum(a: Need, b: Need): Need {
  return { cpus: a.cpus + b.cpus, memoryBytes: a.memoryBytes + b.memoryBytes };
}

function drop(waiting: Waiting[], session: string): void {
  const at = waiting.findIndex((each) => each.session === session);
  if (at !== -1) waiting.splice(at, 1);
}
