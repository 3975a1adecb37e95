import { useSyncExternalStore } from 'react';
import { readStored, writeStored } from './storage.ts';

/** `system` follows the operating system. `public/theme.js` applies the stored choice before the first paint. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const key = 'airlock:theme';
const order: readonly ThemeChoice[] = ['system', 'light', 'dark'];
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
let choice = order.find((known) => known === readStored('local', key)) ?? 'system';

function apply(): void {
  const dark = choice === 'dark' || (choice === 'system' && systemDark.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

systemDark.addEventListener('change', apply);

export function nextTheme(): void {
  choice = order[(order.indexOf(choice) + 1) % order.length] ?? 'system';
  writeStored('local', key, choice === 'system' ? null : choice);
  apply();
  for (const listener of listeners) listener();
}

export function useTheme(): ThemeChoice {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => choice,
  );
}
