import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AirlockError } from '@airlock/protocol/errors';
import * as z from 'zod';
import { type Bundled, bundledSchema } from './bundled.ts';
import type { Modules } from './modules.ts';

/** Bundles services, in a process of its own. */
export interface Bundler {
  /**
   * What became of each of these folders (absolute paths), in their order. Never rejects. Unless `fresh`, a folder none
   * of whose files has changed since is not bundled again.
   */
  bundle(folders: readonly string[], options?: { readonly fresh?: boolean }): Promise<Bundled[]>;
  /** Ends the processes that run. */
  stop(): void;
}

const entry = fileURLToPath(new URL('bundle-process.ts', import.meta.url));
const timeoutMs = 120_000;

/** Bundles are made anew when this changes. */
const format = 1;

const noteSchema = z.object({ format: z.literal(format), hash: z.string(), stamps: z.record(z.string(), z.string()) });

/** Notes which files a bundle was made of beside the modules. `env` holds no key. */
export function createBundler(modules: Modules, env: Readonly<Record<string, string>>): Bundler {
  const running = new Set<ReturnType<typeof fork>>();

  function run(folders: readonly string[]): Promise<Bundled[]> {
    const done: Bundled[] = [];
    if (folders.length === 0) return Promise.resolve(done);
    const child = fork(entry, { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'json' });
    running.add(child);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('message', (raw) => void done.push(bundledSchema.parse(raw)));
    child.send(folders, () => undefined);
    return new Promise((resolve) => {
      const end = (how: string) => {
        clearTimeout(timer);
        running.delete(child);
        const error = new AirlockError('service_not_loaded', `Its bundler ${how}. ${said}`.trim()).toBody();
        resolve(folders.map((folder) => bundledOf(done, folder) ?? { kind: 'unusable', folder, error }));
      };
      child.once('error', (error) => end(`did not start: ${error.message}`));
      child.once('close', (code, signal) => end(`ended with ${signal ?? `exit code ${code}`}`));
    });
  }

  const noteOf = (folder: string) =>
    join(modules.dir, `${createHash('sha256').update(folder).digest('hex').slice(0, 32)}.json`);

  async function known(folder: string): Promise<Bundled | undefined> {
    try {
      const { hash, stamps } = noteSchema.parse(JSON.parse(await readFile(noteOf(folder), 'utf8')));
      if (Object.entries(stamps).some(([path, stamp]) => stampOf(path) !== stamp)) return undefined;
      const code = modules.read(hash);
      return code === undefined ? undefined : { kind: 'bundle', folder, hash, code, inputs: Object.keys(stamps) };
    } catch {
      return undefined;
    }
  }

  async function note(bundled: Bundled, before: Date): Promise<void> {
    if (bundled.kind === 'unusable') return;
    const stamps = Object.fromEntries(bundled.inputs.map((path) => [path, stampOf(path)]));
    // One that has changed meanwhile may not be what was bundled.
    if (bundled.inputs.some((path) => changedAt(path) >= before.getTime() - clockGrainMs)) return;
    modules.place(bundled.hash, bundled.code);
    await writeFile(noteOf(bundled.folder), JSON.stringify({ format, hash: bundled.hash, stamps }), { mode: 0o600 });
  }

  return {
    async bundle(folders, { fresh = false } = {}) {
      const found = fresh ? [] : (await Promise.all(folders.map(known))).filter((each) => each !== undefined);
      const before = new Date();
      const made = await run(folders.filter((folder) => !bundledOf(found, folder)));
      await Promise.all(made.map((each) => note(each, before).catch(() => undefined)));
      const all = [...found, ...made];
      return folders.flatMap((folder) => bundledOf(all, folder) ?? []);
    },
    stop() {
      for (const child of running) child.kill('SIGKILL');
    },
  };
}

/** File systems keep times no finer than this, in milliseconds. */
const clockGrainMs = 20;

function bundledOf(list: readonly Bundled[], folder: string): Bundled | undefined {
  return list.find((each) => each.folder === folder);
}

/** Changes whenever the file does; empty when there is none. */
function stampOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : '';
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0;
}
