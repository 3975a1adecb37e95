import { useSyncExternalStore } from 'react';

export type ConnectionState = 'online' | 'offline' | 'unreachable';

/** Whether the server answers. Calls and event streams report; the banner reads. */
function createConnection() {
  let state: ConnectionState = 'online';
  const listeners = new Set<() => void>();
  const set = (next: ConnectionState): void => {
    if (next === state) return;
    state = next;
    for (const listener of listeners) listener();
  };
  return {
    get: (): ConnectionState => state,
    /** The server answered, whatever it said. */
    reached: (): void => set('online'),
    /** A call got no answer. */
    missed: (): void => set(navigator.onLine ? 'unreachable' : 'offline'),
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const connection = createConnection();

export function useConnection(): ConnectionState {
  return useSyncExternalStore(connection.subscribe, connection.get);
}
