import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const tailLines = 12;
const tailWidth = 240;

/** The full log of one build in a file, and its last lines in memory. */
export class BuildLog {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #tail: string[] = [];
  #written: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Replaces the log of the build before. */
  static async open(folder: string): Promise<BuildLog> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'image-build.log');
    return new BuildLog(path, await open(path, 'w'));
  }

  line(text: string): void {
    const clean = stripVTControlCharacters(text).trimEnd();
    if (clean === '') return;
    if (this.#tail.push(clean.slice(0, tailWidth)) > tailLines) this.#tail.shift();
    // A log that cannot be written (the disk is full) must not hide why the build failed.
    this.#written = this.#written.then(() => this.#file.write(`${clean}\n`)).catch(() => {});
  }

  get tail(): string {
    return this.#tail.join('\n');
  }

  async close(): Promise<void> {
    await this.#written;
    await this.#file.close();
  }
}
