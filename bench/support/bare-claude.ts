import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import { testKey } from '../../test/harness/host.ts';
import type { Setting } from '../../test/harness/setting.ts';

/** Something the bare program told; `at` in milliseconds since 1970. */
interface Told {
  readonly what: string;
  readonly at: number;
  readonly text?: string;
}

/** A conversation with the bare Agent SDK, in a plain container of the worker image. */
export interface BareClaude {
  say(text: string): void;
  /** Allows the tool that is asked about. */
  allow(): void;
  /** The next thing of this name that it tells; what comes before is passed over. */
  until(what: 'said' | 'token' | 'asked' | 'allowed' | 'result' | 'ended'): Promise<Told>;
  end(): Promise<void>;
}

/** Bundles `bare.ts` into a file in `dir`; returns how to start it, again and again. */
export async function createBare({ api, sim }: Setting, dir: string): Promise<() => BareClaude> {
  const input = join(import.meta.dirname, '../bare.ts');
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm' });
  const program = join(dir, 'bare.mjs');
  writeFileSync(program, output[0].code, { mode: 0o644 });
  const { body } = await api.call('GET', '/system');
  const { reference } = body.image as { reference: string };
  return () => startBare(reference, program, sim.url);
}

function startBare(image: string, program: string, upstream: string): BareClaude {
  const env = ['-e', `ANTHROPIC_BASE_URL=${upstream}`, '-e', `ANTHROPIC_API_KEY=${testKey}`];
  const args = ['run', '--rm', '-i', '--network', 'host', '-v', `${program}:/bare.mjs:ro`, ...env];
  const child = spawn('docker', [...args, image, '/app/bin/node', '/bare.mjs'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const write = (line: string | null) => void child.stdin.write(`${JSON.stringify(line)}\n`);
  return {
    say: write,
    allow: () => write(null),
    async until(what) {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`The bare SDK ended before: ${what}`);
        const told: Told = JSON.parse(value);
        if (told.what === what) return told;
      }
    },
    async end() {
      child.stdin.end();
      await exited;
    },
  };
}
