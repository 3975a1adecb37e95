import type { Event } from '@airlock/protocol/events';
import type { Id } from '@airlock/protocol/ids';
import type { Request, SessionAsk } from '@airlock/protocol/requests';
import { Failure, UsageFailure } from '../failure.ts';

/** What is asked of people, as events and the API tell it. */
export type Ask = SessionAsk | Pick<Extract<Request, { kind: 'form' }>, 'kind' | 'name' | 'elements'>;

/** A request that waits. Its number is its own for as long as this command runs. */
export interface Open {
  readonly n: number;
  readonly request: Id;
  readonly ask: Ask;
  readonly expiresAt: string | undefined;
  /** It stood on the screen, in full. */
  shown: boolean;
}

/** The requests a line may be about: those that stood on the screen when it was begun. */
export type Known = ReadonlySet<Id>;

/**
 * The requests that are open, numbered in the order they came.
 *
 * A13. A request is decided only by a line that was begun while it stood on the screen: one that comes, or comes instead,
 *      while somebody types is never taken for the one that was meant.
 */
export function createDesk() {
  const all = new Map<Id, Open>();
  let last = 0;

  function add(request: Id, ask: Ask, expiresAt: string | undefined): Open {
    last += 1;
    const open: Open = { n: last, request, ask, expiresAt, shown: false };
    all.set(request, open);
    return open;
  }

  return {
    /** Takes what an event changes; returns the request that came or went with it. */
    take(event: Event): Open | undefined {
      if (event.kind === 'lock') {
        const { request, name, elements, expiresAt } = event.payload;
        return add(request, { kind: 'form', name, elements }, expiresAt);
      }
      if (event.kind === 'request') return add(event.payload.request, event.payload.ask, event.payload.expiresAt);
      if (event.kind !== 'lease' && event.kind !== 'answer') return undefined;
      const ended = all.get(event.payload.request);
      all.delete(event.payload.request);
      return ended;
    },
    isOpen: (request: Id) => all.has(request),
    open: (): Open[] => [...all.values()],
    known: (): Known => new Set([...all.values()].filter(({ shown }) => shown).map(({ request }) => request)),

    /** The request a command is about: the one it names, or the only one it can be about. */
    pick(n: number | undefined, fits: (ask: Ask) => boolean, known: Known): Open {
      const fitting = [...all.values()].filter(({ ask }) => fits(ask));
      const open = n === undefined ? fitting[0] : [...all.values()].find((each) => each.n === n);
      if (open === undefined) {
        const what = n === undefined ? 'nothing open is answered like this' : `there is no open request ${n}`;
        throw new UsageFailure('That cannot be done', what, 'See what is open with :show');
      }
      if (!fits(open.ask)) {
        throw new UsageFailure('That cannot be done', `request ${open.n} is answered otherwise`, `See :show ${open.n}`);
      }
      if (n === undefined && fitting.length > 1) {
        const numbers = fitting.map((each) => each.n).join(', ');
        throw new UsageFailure('Which one?', `several are open: ${numbers}`, `Name one, such as :allow ${open.n}`);
      }
      if (!known.has(open.request)) {
        throw new Failure(
          'It came while you typed',
          `request ${open.n} was not there yet`,
          'Look at it, then say it again',
        );
      }
      return open;
    },
  };
}
export type Desk = ReturnType<typeof createDesk>;
