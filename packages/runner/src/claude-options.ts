import { imagePaths } from '@airlock/protocol/image';
import type { SessionSpec } from '@airlock/protocol/wire';
import type { Options } from '@anthropic-ai/claude-agent-sdk';
import { claudeEnv } from './claude-env.ts';
import { waitingArgs } from './claude-waits.ts';
import { permissionsOf } from './permissions.ts';
import type { RunnerConfig } from './spec.ts';

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
  const { mode, allowedTools, directories } = permissionsOf(spec);
  const append = [projectMemory, spec.appendSystemPrompt ?? ''].filter((text) => text.trim() !== '').join('\n\n');
  return {
    ...parts,
    ...(spec.resumes ? { resume: spec.session } : { sessionId: spec.session }),
    cwd: config.workspace,
    projectConfigRoot: config.project,
    pathToClaudeCodeExecutable: config.claude,
    extraArgs: waitingArgs(spec),
    env: claudeEnv(config, spec, modelUrl),
    permissionMode: mode,
    allowedTools,
    plugins: (spec.plugins ?? []).map((name) => ({ type: 'local', path: `${imagePaths.plugins}/${name}` })),
    additionalDirectories: directories,
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
