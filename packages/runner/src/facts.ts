import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Facts, SettingsTier } from '@airlock/protocol/facts';
import type { SingleFrame } from '@airlock/protocol/wire';
import type { AgentInfo, SDKSystemMessage, SlashCommand } from '@anthropic-ai/claude-agent-sdk';
import * as z from 'zod';
import about from '../package.json' with { type: 'json' };
import { name } from './bounded.ts';
import type { RunnerConfig } from './spec.ts';

/** What the CLI has been started with and knows, beside what its first message says. */
export interface Known {
  readonly commands: readonly SlashCommand[];
  readonly agents: readonly AgentInfo[];
}

/**
 * Turns the CLI's messages about itself, of which every turn begins with one, into frames: the first says that it is
 * ready, a later one what has changed. `known` is asked only then: a turn is not to wait for it.
 */
export function createFactsReader(
  config: RunnerConfig,
  known: () => Promise<Known>,
): (init: SDKSystemMessage) => Promise<SingleFrame[]> {
  let settings: SettingsTier[] | undefined;
  let last: string | undefined;
  return async (init) => {
    const { uuid: _, ...said } = init;
    const text = JSON.stringify(said);
    const isFirst = last === undefined;
    if (text === last) return [];
    last = text;
    settings ??= readSettings(config);
    const facts = { ...factsOf(init, await known()), settings };
    if (!isFirst) return [{ type: 'facts', facts }];
    const { model, cliVersion, tools } = facts;
    return [{ type: 'ready', model, cliVersion, tools, facts }];
  };
}

function factsOf(init: SDKSystemMessage, { commands, agents }: Known): Omit<Facts, 'settings'> {
  const terminalOnly = new Set(init.terminal_slash_commands);
  const usable = new Set(init.slash_commands.filter((name) => !terminalOnly.has(name) && !isEmptying(`/${name}`)));
  return {
    cliVersion: name(init.claude_code_version),
    sdkVersion: about.dependencies['@anthropic-ai/claude-agent-sdk'],
    model: name(init.model),
    permissionMode: name(init.permissionMode),
    tools: names(init.tools),
    commands: commandsOf(usable, commands),
    skills: names(init.skills),
    agents: names(init.agents ?? [])
      .slice(0, 200)
      .map((agent) => ({
        name: agent,
        about: firstLine(agents.find((known) => known.name === agent)?.description ?? ''),
      })),
    plugins: [
      ...init.plugins.map((plugin) => ({
        name: name(plugin.name),
        ...(plugin.version && { version: name(plugin.version) }),
      })),
      ...(init.plugin_errors ?? []).map(({ plugin, message }) => ({ name: name(plugin), problem: firstLine(message) })),
    ].slice(0, 100),
    mcpServers: init.mcp_servers.slice(0, 100).map((server) => ({
      name: name(server.name),
      status: name(server.status),
      ...(server.source && { source: name(server.source) }),
    })),
  };
}

function commandsOf(usable: ReadonlySet<string>, known: readonly SlashCommand[]): Facts['commands'] {
  return [...usable].slice(0, 300).flatMap((command) => {
    const described = known.find((each) => each.name === command);
    // What the CLI does not describe is for its own use.
    if (!described || command.startsWith('__')) return [];
    const { description, argumentHint, builtin = false } = described;
    return [{ name: name(command), about: firstLine(description), hint: name(argumentHint), builtin }];
  });
}

/** Commands that would begin another conversation under this one's name; what was said before would come back with the next container. */
const emptying = /^\/(?:clear|reset|new)(?:\s|$)/;

export function isEmptying(text: string): boolean {
  return emptying.test(text.trimStart());
}

const tiers = z.object({
  permissions: z
    .object({
      allow: z.array(z.string()).default([]),
      ask: z.array(z.string()).default([]),
      deny: z.array(z.string()).default([]),
    })
    .default({ allow: [], ask: [], deny: [] }),
  hooks: z.record(z.string(), z.unknown()).default({}),
});

/** The settings of the image, tier by tier; a tier without a file, or with one that cannot be read, is left out. */
function readSettings({ home, project }: RunnerConfig): SettingsTier[] {
  const files = [
    ['user', join(home, '.claude', 'settings.json')],
    ['project', join(project, '.claude', 'settings.json')],
    ['local', join(project, '.claude', 'settings.local.json')],
  ] as const;
  return files.flatMap(([tier, path]) => {
    const settings = readJson(path);
    if (settings === undefined) return [];
    const { allow, ask, deny } = settings.permissions;
    return [
      { tier, allow: names(allow), ask: names(ask), deny: names(deny), hooks: names(Object.keys(settings.hooks)) },
    ];
  });
}

function readJson(path: string): z.output<typeof tiers> | undefined {
  try {
    return tiers.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The first line of a description. */
function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 400);
}

function names(texts: readonly string[]): string[] {
  return texts.slice(0, 500).map(name);
}
