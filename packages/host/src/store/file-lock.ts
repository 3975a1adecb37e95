import { DatabaseSync } from 'node:sqlite';

/**
 * Takes a lock that the system releases with the process, however it ends: SQLite's, on a file of its own, which is
 * made if needed. Many may share it, or one has it alone. Returns how to give it back, or nothing when somebody has it
 * who does not share it.
 */
export function lockFile(path: string, mode: 'shared' | 'alone'): (() => void) | undefined {
  const lock = new DatabaseSync(path);
  try {
    // Reading is what takes a shared lock; a transaction keeps it.
    lock.exec(mode === 'alone' ? 'BEGIN EXCLUSIVE' : 'BEGIN; SELECT 1 FROM sqlite_schema');
  } catch (cause) {
    lock.close();
    if (isBusy(cause)) return undefined;
    throw cause;
  }
  return () => {
    if (lock.isOpen) lock.close();
  };
}

const sqliteBusy = 5;

/** Whether somebody else has the lock; a full disk, say, is another matter. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
