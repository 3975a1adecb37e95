import {
  imagePaths,
  type SessionSpec,
  sessionSpecSchema,
  sessionSpecVariable,
  wireSocket,
} from '@airlock/protocol/wire';

/** Everything the runner takes from its surroundings. */
export interface RunnerConfig {
  readonly spec: SessionSpec;
  /** Name of the abstract Unix socket the bridge connects to. */
  readonly socket: string;
  readonly claude: string;
  /** Runs the CLI's Bash tool; its name must end in `bash`. */
  readonly shell: string;
  /** Of the runner and of the CLI: they must be equal, else the transcript is not mirrored. */
  readonly home: string;
  readonly project: string;
  readonly workspace: string;
  readonly tmp: string;
  readonly path: string;
  readonly lang: string;
}

/** Reads the environment; throws an `Error` naming what is wrong with it. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): RunnerConfig {
  return {
    spec: parseSpec(env[sessionSpecVariable]),
    socket: env.AIRLOCK_SOCKET ?? wireSocket,
    claude: env.AIRLOCK_CLAUDE ?? '/app/bin/claude',
    shell: env.AIRLOCK_SHELL ?? '/app/bin/bash',
    home: env.HOME ?? imagePaths.home,
    project: env.AIRLOCK_PROJECT ?? imagePaths.project,
    workspace: env.AIRLOCK_WORKSPACE ?? imagePaths.workspace,
    tmp: env.TMPDIR ?? '/tmp',
    path: env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    lang: env.LANG ?? 'C.UTF-8',
  };
}

function parseSpec(text: string | undefined): SessionSpec {
  if (text === undefined) throw new Error(`${sessionSpecVariable} is not set`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new Error(`${sessionSpecVariable} is not JSON`);
  }
  const parsed = sessionSpecSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${sessionSpecVariable}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not valid'}`);
}
