import { imagePaths, sessionSpecVariable, wireSocket } from '@airlock/protocol/image';

/** Everything the runner takes from its surroundings. */
export interface Surroundings {
  /** JSON of the `SessionSpec`; undefined when there is none. */
  readonly specText: string | undefined;
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

export function readSurroundings(env: Readonly<Record<string, string | undefined>> = process.env): Surroundings {
  return {
    specText: env[sessionSpecVariable],
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
