/** Which kinds of sessions are opened, and how often: what there should be spares of. */
export interface Demand {
  /** A session was opened, or was lately by an earlier host. `options`: what it was opened with, as JSON. */
  note(kind: string, options: string, service: string): void;
  /** How many spares of each kind there should be, the most wanted first; `most` of all together. */
  wanted(most: number): readonly Wanted[];
}

export interface Wanted {
  readonly kind: string;
  readonly options: string;
  readonly service: string;
  readonly count: number;
}

/** What nobody has opened for so long is not kept ready any more. */
const staleMs = 30 * 60_000;
/** As many as were opened in this time are kept ready: it takes a second to start another. */
const rushMs = 20_000;
/** Kinds that are remembered. */
const mostKinds = 50;

export function createDemand(now: () => number): Demand {
  /** The kind that was opened last comes last. */
  const kinds = new Map<string, Omit<Wanted, 'kind' | 'count'> & { readonly openedAt: readonly number[] }>();

  return {
    note(kind, options, service) {
      const openedAt = [...(kinds.get(kind)?.openedAt ?? []), now()].filter((at) => now() - at < staleMs).slice(-100);
      kinds.delete(kind);
      kinds.set(kind, { options, service, openedAt });
      for (const oldest of kinds.keys()) if (kinds.size > mostKinds) kinds.delete(oldest);
    },
    wanted(most) {
      const wanted: Wanted[] = [];
      let left = most;
      for (const [kind, { options, service, openedAt }] of [...kinds].reverse()) {
        const last = openedAt.at(-1) ?? 0;
        if (left === 0 || now() - last >= staleMs) continue;
        const rush = openedAt.filter((at) => now() - at < rushMs).length;
        const count = Math.min(left, Math.max(1, rush));
        left -= count;
        wanted.push({ kind, options, service, count });
      }
      return wanted;
    },
  };
}
