import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { createBackup } from './backup/backup.ts';
import { createContainers } from './backup/containers.ts';
import { createGate } from './backup/gate.ts';
import { formatBytes, type Progress } from './backup/progress.ts';
import { restoreBackup } from './backup/restore.ts';
import { createWorkspaces } from './backup/workspaces.ts';
import type { Config } from './config.ts';
import { lockHome } from './host-file.ts';
import { readImage, requireImage } from './prepare-image.ts';
import { type Engine, searchEngine } from './setup.ts';
import { explain, renderError, type Terminal } from './terminal.ts';
import { version } from './version.ts';

/** Runs `backup <file>` or `restore <file>`; resolves with the exit code. */
export async function runBackupCommand(
  command: 'backup' | 'restore',
  config: Config,
  terminal: Terminal,
  args: readonly string[],
): Promise<number> {
  const [file, ...more] = args.filter((each) => !each.startsWith('--'));
  const flags = new Set(args.filter((each) => each.startsWith('--')));
  if (file === undefined || more.length > 0) {
    process.stderr.write(`Usage: main.ts ${command} <file> [--force] [--json]\n`);
    return 2;
  }
  const json = flags.has('--json');
  const request: Request = { config, file: resolve(file), force: flags.has('--force'), json, signal: onSignals() };
  try {
    const onProgress = json ? () => undefined : slowly((text) => terminal.progress(`  ${text}`));
    const { summary, lines } = await (command === 'backup' ? backup : restore)(request, onProgress);
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else for (const line of lines) terminal.line(line);
    return 0;
  } catch (thrown) {
    if (json) process.stdout.write(`${JSON.stringify({ error: explain(thrown).toBody() })}\n`);
    else process.stderr.write(`${renderError(thrown)}\n`);
    return 1;
  }
}

interface Request {
  readonly config: Config;
  readonly file: string;
  readonly force: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

interface Outcome {
  readonly summary: object;
  /** The same for people. */
  readonly lines: readonly string[];
}

async function backup({ config, file, force, signal }: Request, onProgress: Progress): Promise<Outcome> {
  const engine = await searchEngine(config);
  const image = await presentImage(config, engine);
  const summary = await createBackup({
    ...partsOf(config, engine, async () => image ?? (await requireImage(config, engine, 2)).reference),
    home: config.home,
    file,
    force,
    version,
    gate: createGate(config.home),
    clock: () => new Date(),
    signal,
    onProgress,
  });
  const { bytes, executions, workspaces, files, pausedMs } = summary;
  const held = `${executions} executions, ${workspaces} workspaces, ${files} files`;
  return {
    summary,
    lines: [
      `✓ Backup  ${file}, ${formatBytes(bytes)}: ${held}`,
      `  Sessions stood still for ${(pausedMs / 1000).toFixed(1)} s at most. Keys are not in it; passwords are, as hashes`,
    ],
  };
}

async function restore({ config, file, force, json, signal }: Request, onProgress: Progress): Promise<Outcome> {
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const unlock = lockHome(config.home);
  try {
    const summary = await restoreBackup({
      home: config.home,
      file,
      force,
      engine: async () => {
        const engine = await searchEngine(config);
        const image = async () =>
          (await presentImage(config, engine)) ?? (await requireImage(config, engine, json ? 2 : 1)).reference;
        return partsOf(config, engine, image);
      },
      clock: () => new Date(),
      signal,
      onProgress,
    });
    const { createdAt, executions, workspaces, files, replaced } = summary;
    const held = `${executions} executions, ${workspaces} workspaces, ${files} files`;
    return {
      summary,
      lines: [
        `✓ Restored  ${held}, as they were at ${createdAt}`,
        ...(replaced === null ? [] : [`  What was there before is in ${replaced}`]),
        '  Start Airlock with `npm start`',
      ],
    };
  } finally {
    unlock();
  }
}

function partsOf(config: Config, { client, info }: Engine, image: () => Promise<string>) {
  const home = config.installation;
  return {
    containers: createContainers(client, home),
    workspaces: createWorkspaces({ client, home, image, quotas: info.name === 'docker' }),
  };
}

/** The worker image, or whatever image there is: nothing in it is run. */
async function presentImage(config: Config, engine: Engine): Promise<string | undefined> {
  const { reference, digest } = await readImage(config, engine);
  return digest !== undefined ? reference : (await engine.client.listImages())[0]?.Id;
}

/** Aborts at the first signal that asks this process to end. */
function onSignals(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort(new AirlockError('interrupted', 'It was told to; sessions go on'));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  return controller.signal;
}

const shownEveryMs = 100;

/** A progress that changes on people's screens no faster than they can see. */
function slowly(show: Progress): Progress {
  let shownAt = Number.NEGATIVE_INFINITY;
  let step = '';
  return (text) => {
    const [now, [nowStep = '']] = [performance.now(), text.split(':')];
    if (nowStep === step && now - shownAt < shownEveryMs) return;
    shownAt = now;
    step = nowStep;
    show(text);
  };
}
