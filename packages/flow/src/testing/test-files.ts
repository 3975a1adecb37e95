import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The files of an execution under test, in a folder that is there only while some are. */
export class TestFiles {
  /** Files the service has written, by name. */
  readonly made = new Map<string, string>();
  readonly folder = join(tmpdir(), `airlock-test-files-${randomUUID()}`);

  constructor(given: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(given)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
  }

  /** Reads a file that was written. */
  keep(path: string): void {
    this.made.set(path, readFileSync(join(this.folder, 'out', path), 'utf8'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
