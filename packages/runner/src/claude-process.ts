import { type Readable, Transform } from 'node:stream';
import type { SpawnedProcess, SpawnOptions } from '@anthropic-ai/claude-agent-sdk';
import { type Ahead, isAhead } from './ahead.ts';
import { type ClaudeChild, type Launch, spawnClaude } from './spawn-claude.ts';
import { createStderrLog } from './stderr-log.ts';

export interface ClaudeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last words on stderr. */
  readonly stderr: string;
}

/** Starts the CLI for the SDK and keeps hold of it. */
export interface ClaudeProcess {
  readonly spawn: (options: SpawnOptions) => SpawnedProcess;
  /** While held, nothing the CLI writes is read, so that it stops. */
  hold(held: boolean): void;
  /** Ends the CLI, by force when it does not end by itself; resolves with how it ended. */
  end(): Promise<ClaudeExit>;
}

const keptStderr = 4_000;
/** How long the CLI has to end by itself. */
const endGraceMs = 3_000;
/** A tool may keep the CLI's stderr open; its last words are not waited for longer. */
const lastWordsMs = 500;

/** `print` takes what is to be in the container's log. `ahead`: a CLI that may be the one the SDK wants. */
export function createClaudeProcess(print: (text: string) => void, ahead?: Ahead): ClaudeProcess {
  const { promise: exited, resolve } = Promise.withResolvers<ClaudeExit>();
  const gate = createGate();
  let child: ClaudeChild | undefined;
  const log = createStderrLog({ write: print, now: () => performance.now() });
  let stderr = '';

  function take(launch: Launch): ClaudeChild {
    const found = isAhead(ahead, launch) ? ahead.child : undefined;
    if (!found) ahead?.child.kill('SIGKILL');
    return found ?? spawnClaude(launch);
  }

  return {
    spawn({ command, args, cwd, env }) {
      const started = take({ command, args, cwd, env });
      child = started;
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(-keptStderr);
        log.take(text);
      });
      started.once('error', (error) => resolve({ code: null, signal: null, stderr: error.message }));
      started.once('exit', (code, signal) => {
        const end = () => {
          log.end();
          resolve({ code, signal, stderr: stderr.trim() });
        };
        started.once('close', end);
        setTimeout(end, lastWordsMs).unref();
      });
      return asSpawned(started, started.stdout.pipe(gate.stream));
    },
    hold: gate.hold,
    async end() {
      if (!child) {
        ahead?.child.kill('SIGKILL');
        return { code: null, signal: null, stderr: 'It was never started' };
      }
      child.kill('SIGTERM');
      const force = setTimeout(() => child?.kill('SIGKILL'), endGraceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(force);
      }
    },
  };
}

function asSpawned(child: ClaudeChild, stdout: Readable): SpawnedProcess {
  return {
    stdin: child.stdin,
    stdout,
    get killed() {
      return child.killed;
    },
    get exitCode() {
      return child.exitCode;
    },
    get signalCode() {
      return child.signalCode;
    },
    kill: (signal) => child.kill(signal),
    on: child.on.bind(child),
    once: child.once.bind(child),
    off: child.off.bind(child),
  };
}

/** Passes bytes on at once, or holds them. */
function createGate(): { readonly stream: Transform; hold(held: boolean): void } {
  let isHeld = false;
  let release: (() => void) | undefined;
  const stream = new Transform({
    transform(chunk, _encoding, done) {
      if (isHeld) release = () => done(null, chunk);
      else done(null, chunk);
    },
  });
  return {
    stream,
    hold(held) {
      isHeld = held;
      const go = held ? undefined : release;
      if (go) release = undefined;
      go?.();
    },
  };
}
