import type { SessionSpec } from '@airlock/protocol/wire';
import type { Surroundings } from './surroundings.ts';

/** Longest the CLI waits for an overloaded or limited model API before a turn fails. */
const longestWaitMs = 10 * 60_000;

/** The whole environment of the CLI and of every tool it starts. */
export function claudeEnv(
  { home, path, lang, tmp, shell }: Surroundings,
  { env }: Pick<SessionSpec, 'env'>,
  modelUrl: string,
): Record<string, string> {
  return {
    // First, so that it can take the place of none of the others.
    ...env,
    HOME: home,
    PATH: path,
    LANG: lang,
    TMPDIR: tmp,
    XDG_CACHE_HOME: `${tmp}/.cache`,
    // A shell that lets the kernel take tools for memory before the CLI.
    SHELL: shell,
    ANTHROPIC_BASE_URL: modelUrl,
    // The CLI wants a key to have one; the gateway takes it off and adds the real one.
    ANTHROPIC_API_KEY: 'added-by-airlock',
    HTTP_PROXY: modelUrl,
    HTTPS_PROXY: modelUrl,
    NO_PROXY: '127.0.0.1,localhost,::1',
    CLAUDE_AGENT_SDK_CLIENT_APP: 'airlock',
    CLAUDE_CODE_RETRY_WATCHDOG: '1',
    CLAUDE_CODE_RETRY_WATCHDOG_MAX_WAIT_MS: String(longestWaitMs),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
    CLAUDE_CODE_DISABLE_TERMINAL_TITLE: '1',
    // People follow the work by its list of tasks.
    CLAUDE_CODE_ENABLE_TODO_TOOLS: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_INSTALLATION_CHECKS: '1',
  };
}
