import { isDeepStrictEqual } from 'node:util';
import type { SessionSpec } from '@airlock/protocol/wire';
import manifest from '../package.json' with { type: 'json' };
import { claudeEnv } from './claude-env.ts';
import { isToldAtInitialize, waitingArgs } from './claude-waits.ts';
import { permissionsOf } from './permissions.ts';
import { type ClaudeChild, type Launch, spawnClaude } from './spawn-claude.ts';
import type { Surroundings } from './surroundings.ts';

/*
 * The CLI takes longer to start than the SDK takes to load, and reads what it is to remember only when the SDK speaks to it.
 * So it is started first, the way the SDK is going to ask for it.
 *
 * E4. The SDK is given a process that was started ahead only when it would have started it so: the same program,
 *     arguments, environment and folder. Any other is killed, and the SDK's started.
 */

/** A CLI nobody has spoken to yet. */
export interface Ahead {
  readonly launch: Launch;
  readonly child: ClaudeChild;
}

export function isAhead(ahead: Ahead | undefined, launch: Launch): ahead is Ahead {
  return ahead !== undefined && isAlive(ahead.child) && isDeepStrictEqual(ahead.launch, launch);
}

function isAlive({ pid, exitCode, signalCode }: ClaudeChild): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/** Undefined when it cannot be said how the SDK is going to start it. */
export function startAhead(surroundings: Surroundings, modelUrl: string): Ahead | undefined {
  const launch = foretell(surroundings, modelUrl);
  if (launch === undefined) return undefined;
  const child = spawnClaude(launch);
  child.on('error', () => undefined);
  return { launch, child };
}

/** How the SDK is going to start the CLI for `claudeOptions()`; undefined without a spec. */
export function foretell(surroundings: Surroundings, modelUrl: string): Launch | undefined {
  const spec = specIn(surroundings);
  if (spec === undefined) return undefined;
  const { disallowedTools = [], effort, maxTurns, model, fallbackModel } = spec;
  const { mode, allowedTools, directories } = permissionsOf(spec);
  return {
    command: surroundings.claude,
    args: [
      ...['--output-format', 'stream-json', '--verbose', '--input-format', 'stream-json'],
      ...option('effort', effort),
      ...option('max-turns', maxTurns),
      ...option('model', model),
      '--permission-prompt-tool=stdio',
      ...option('resume', spec.resumes ? spec.session : undefined),
      ...list('allowedTools', allowedTools),
      ...list('disallowedTools', disallowedTools),
      '--setting-sources=user,project,local',
      `--permission-mode=${mode}`,
      ...option('fallback-model', fallbackModel),
      ...['--include-hook-events', '--include-partial-messages', '--session-mirror'],
      `--project-config-root=${surroundings.project}`,
      ...directories.flatMap((directory) => option('add-dir', directory)),
      ...(isToldAtInitialize(spec) ? ['--await-initialize'] : []),
      ...option('session-id', spec.resumes ? undefined : spec.session),
      ...Object.keys(waitingArgs(spec)).map((name) => `--${name}`),
    ],
    cwd: surroundings.workspace,
    env: {
      ...claudeEnv(surroundings, spec, modelUrl),
      CLAUDE_CODE_ENTRYPOINT: 'sdk-ts',
      CLAUDE_AGENT_SDK_VERSION: manifest.dependencies['@anthropic-ai/claude-agent-sdk'],
      CLAUDE_CODE_SDK_READS_SESSION_STATE: '1',
    },
  };
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${value}`];
}

function list(name: string, values: readonly string[]): string[] {
  return values.length === 0 ? [] : option(name, values.join(','));
}

/** Not checked: the schemas are loaded later, and a runner with a wrong spec ends before anything is said to its CLI. */
function specIn({ specText }: Surroundings): SessionSpec | undefined {
  try {
    return specText === undefined ? undefined : (JSON.parse(specText) as SessionSpec);
  } catch {
    return undefined;
  }
}
