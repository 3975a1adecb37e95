import { createLink, type Link, type LinkDeps } from './link.ts';

/** The links of this host, one for each session that has a container or is to have one. */
export interface Links {
  /** Takes a session up; one whose link is about to end, after that. */
  connect(session: string): void;
  /** Lets go of a session; its container stays. */
  disconnect(session: string): Promise<void>;
  /** Something was queued for a session. */
  pump(session: string): void;
  /** Something was queued for a session that has no link if it slept. */
  rouse(session: string, slept: boolean): void;
  /** Resolves when a session has no link any more. */
  finished(session: string): Promise<void>;
  readonly sessions: () => string[];
}

export function createLinks(deps: LinkDeps): Links {
  const links = new Map<string, Link>();
  /** Sessions to be taken up again once their link has ended. */
  const again = new Set<string>();

  function connect(id: string): void {
    if (links.has(id)) {
      again.add(id);
      return;
    }
    const link = createLink(id, deps);
    links.set(id, link);
    void link.finished.then(() => {
      links.delete(id);
      if (again.delete(id)) connect(id);
    });
  }

  const pump = (id: string) => links.get(id)?.pump();

  return {
    connect,
    pump,
    async disconnect(id) {
      again.delete(id);
      await links.get(id)?.stop();
    },
    rouse: (id, slept) => (slept ? connect(id) : pump(id)),
    finished: (id) => links.get(id)?.finished ?? Promise.resolve(),
    sessions: () => [...links.keys()],
  };
}
