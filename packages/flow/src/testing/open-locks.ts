import type { Asked } from './script.ts';

/** Open locks that wait for the test, and parts of the test that wait for a lock. */
export class OpenLocks {
  readonly #open = new Map<string, Asked>();
  readonly #counts = new Map<string, number>();
  #askers: { readonly name: string; resolve(asked: Asked): void }[] = [];

  /** How often this was asked before. */
  count(name: string): number {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    return count;
  }

  /** The next lock of this name. */
  next(name: string): Promise<Asked> {
    const open = [...this.#open.values()].find(({ call }) => call.name === name);
    if (open === undefined) return new Promise((resolve) => this.#askers.push({ name, resolve }));
    this.#open.delete(open.key);
    return Promise.resolve(open);
  }

  offer(asked: Asked): void {
    const asker = this.#askers.find(({ name }) => name === asked.call.name);
    this.#askers = this.#askers.filter((each) => each !== asker);
    if (asker === undefined) this.#open.set(asked.key, asked);
    else asker.resolve(asked);
  }

  close(key: string): void {
    this.#open.delete(key);
  }
}
