import { execFileSync } from 'node:child_process';

/** Kills the children of a process whose command names `name`; there may be none just now. */
export function killChildren(parent: number, name: string): void {
  for (const pid of childrenOf(parent, name)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}

function childrenOf(parent: number, name: string): number[] {
  try {
    const found = execFileSync('pgrep', ['-P', String(parent), '-f', name], { encoding: 'utf8' });
    return found.trim().split('\n').map(Number);
  } catch {
    return [];
  }
}
