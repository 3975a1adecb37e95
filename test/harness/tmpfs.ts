import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A small file system of its own at a folder. Needs root on Linux. */
export interface Tmpfs {
  /** Leaves this many bytes, none if not told. */
  fill(left?: number): void;
  free(): void;
  unmount(): void;
}

export function mountTmpfs(folder: string, size: string): Tmpfs {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  const filler = join(folder, 'filler');
  let mounted = true;
  return {
    fill(left = 0) {
      writeFileSync(filler, '');
      for (const piece of [1 << 20, 4096, 1]) {
        const bytes = Buffer.alloc(piece);
        while (appends(filler, bytes));
      }
      truncateSync(filler, statSync(filler).size - left);
    },
    free: () => rmSync(filler),
    unmount() {
      if (mounted) execFileSync('umount', [folder]);
      mounted = false;
    },
  };
}

function appends(path: string, bytes: Buffer): boolean {
  try {
    appendFileSync(path, bytes);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
