import { directoriesOf, modeOf, rulesOf } from '@airlock/protocol/grants';
import { imagePaths, type SessionSpec } from '@airlock/protocol/wire';
import type { Options } from '@anthropic-ai/claude-agent-sdk';
import type { RunnerConfig } from './spec.ts';

/** Longest the CLI waits for an overloaded or limited model API before a turn fails. */
const longestWaitMs = 10 * 60_000;

type FromConfig = 'canUseTool' | 'sessionStore' | 'spawnClaudeCodeProcess' | 'env' | 'systemPrompt';

type FromParts = 'canUseTool' | 'onElicitation' | 'hooks' | 'mcpServers' | 'sessionStore' | 'spawnClaudeCodeProcess';

/** Every option that decides how the CLI behaves, none left to its default. */
export function claudeOptions(
  config: RunnerConfig,
  parts: Required<Pick<Options, FromParts>>,
  modelUrl: string,
  projectMemory: string,
): Options & Required<Pick<Options, FromConfig>> {
  const { spec } = config;
  const { grants = [] } = spec;
  const append = [projectMemory, spec.appendSystemPrompt ?? ''].filter((text) => text.trim() !== '').join('\n\n');
  return {
    ...parts,
    ...(spec.resumes ? { resume: spec.session } : { sessionId: spec.session }),
    cwd: config.workspace,
    projectConfigRoot: config.project,
    pathToClaudeCodeExecutable: config.claude,
    env: claudeEnv(config, modelUrl),
    permissionMode: modeOf(grants) ?? spec.permissionMode ?? 'default',
    allowedTools: [...(spec.allowedTools ?? []), ...rulesOf(grants)],
    plugins: (spec.plugins ?? []).map((name) => ({ type: 'local', path: `${imagePaths.plugins}/${name}` })),
    additionalDirectories: directoriesOf(grants),
    settingSources: ['user', 'project', 'local'],
    includePartialMessages: true,
    includeHookEvents: true,
    forwardSubagentText: true,
    mcpServersDelivery: 'initialize',
    pluginDelivery: 'initialize',
    sessionStoreFlush: 'eager',
    systemPrompt: { type: 'preset', preset: 'claude_code', ...(append === '' ? {} : { append }), snapshot: true },
    ...(spec.model === undefined ? {} : { model: spec.model }),
    ...(spec.maxTurns === undefined ? {} : { maxTurns: spec.maxTurns }),
    ...(spec.effort === undefined ? {} : { effort: spec.effort }),
    ...(spec.fallbackModel === undefined ? {} : { fallbackModel: spec.fallbackModel }),
    ...(spec.disallowedTools === undefined ? {} : { disallowedTools: spec.disallowedTools }),
    ...(spec.agents === undefined ? {} : { agents: agentsOf(spec.agents) }),
  };
}

/** Without what was left out, which the SDK does not take. */
function agentsOf(agents: NonNullable<SessionSpec['agents']>): NonNullable<Options['agents']> {
  return Object.fromEntries(
    Object.entries(agents).map(([name, { description, prompt, tools, model }]) => [
      name,
      { description, prompt, ...(tools && { tools }), ...(model && { model }) },
    ]),
  );
}

/** The whole environment of the CLI and of every tool it starts. */
export function claudeEnv(config: RunnerConfig, modelUrl: string): Record<string, string> {
  return {
    HOME: config.home,
    PATH: config.path,
    LANG: config.lang,
    TMPDIR: config.tmp,
    XDG_CACHE_HOME: `${config.tmp}/.cache`,
    // A shell that lets the kernel take tools for memory before the CLI.
    SHELL: config.shell,
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
