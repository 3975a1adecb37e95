import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of bundled services for processes to load, one by hash. The store has them too: they can all be made again. */
export interface Modules {
  readonly dir: string;
  /** Absolute path of a file with this code, written unless it is there and whole. */
  place(hash: string, code: string): string;
  /** The code, if it is there and whole. */
  read(hash: string): string | undefined;
  /** Removes those that are not to be kept. */
  sweep(keep: ReadonlySet<string>): void;
}

const suffix = '.mjs';

export function createModules(dir: string): Modules {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const pathOf = (hash: string) => join(dir, `${hash}${suffix}`);

  function read(hash: string): string | undefined {
    try {
      const code = readFileSync(pathOf(hash), 'utf8');
      return createHash('sha256').update(code).digest('hex') === hash ? code : undefined;
    } catch {
      return undefined;
    }
  }

  return {
    dir,
    read,
    place(hash, code) {
      const path = pathOf(hash);
      if (read(hash) !== undefined) return path;
      const part = join(dir, `.${randomUUID()}.part`);
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      writeFileSync(part, code, { mode: 0o600 });
      renameSync(part, path);
      return path;
    },
    sweep(keep) {
      for (const file of readdirSync(dir)) {
        const isOld = file.endsWith(suffix) && !keep.has(file.slice(0, -suffix.length));
        if (isOld || file.endsWith('.part')) rmSync(join(dir, file), { force: true });
      }
    },
  };
}
