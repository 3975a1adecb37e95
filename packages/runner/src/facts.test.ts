import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { factsSchema } from '@airlock/protocol/facts';
import type { SDKSystemMessage, SlashCommand } from '@anthropic-ai/claude-agent-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFactsReader, isEmptying, type Known } from './facts.ts';
import type { RunnerConfig } from './spec.ts';

let dir: string;
let config: RunnerConfig;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'airlock-facts-'));
  config = { home: join(dir, 'home'), project: join(dir, 'project') } as RunnerConfig;
});
afterEach(() => rmSync(dir, { recursive: true }));

function settings(level: 'home' | 'project', file: string, text: string): void {
  mkdirSync(join(dir, level, '.claude'), { recursive: true });
  writeFileSync(join(dir, level, '.claude', file), text);
}

function init(more: object = {}): SDKSystemMessage {
  return {
    type: 'system',
    subtype: 'init',
    claude_code_version: '2.1.330',
    model: 'claude-test',
    permissionMode: 'default',
    tools: ['Bash'],
    mcp_servers: [],
    slash_commands: ['plan', 'clear', 'color', 'hidden'],
    terminal_slash_commands: ['color'],
    skills: ['hand-over'],
    agents: ['reviewer'],
    plugins: [{ name: 'tools', path: '/app/tools', version: '1.0.0' }],
    ...more,
  } as unknown as SDKSystemMessage;
}

const command = (name: string, more: object = {}): SlashCommand => ({
  name,
  description: `About ${name}\nand more`,
  argumentHint: '',
  ...more,
});
const known = {
  commands: [command('plan', { argumentHint: 'task' }), command('clear'), command('color')],
  agents: [{ name: 'reviewer', description: 'Looks twice' }],
};

const factsAt = (message = init(), of: Known = known) => createFactsReader(config, () => Promise.resolve(of))(message);

describe('what the CLI says of itself', () => {
  it('makes it ready once, and is told again only when it is other', async () => {
    const read = createFactsReader(config, () => Promise.resolve(known));
    expect(await read(init())).toMatchObject([{ type: 'ready', model: 'claude-test', cliVersion: '2.1.330' }]);
    expect(await read(init({ uuid: 'another' }))).toEqual([]);
    const servers = [{ name: 'docs', status: 'failed', source: 'dynamic' }];
    expect(await read(init({ mcp_servers: servers }))).toMatchObject([
      { type: 'facts', facts: { mcpServers: servers } },
    ]);
  });

  it('names the commands people can use, and what each is about', async () => {
    const [frame] = await factsAt();
    expect(frame).toMatchObject({
      facts: {
        commands: [{ name: 'plan', about: 'About plan', hint: 'task', builtin: false }],
        agents: [{ name: 'reviewer', about: 'Looks twice' }],
        plugins: [{ name: 'tools', version: '1.0.0' }],
        sdkVersion: expect.stringMatching(/^0\.3\.\d+$/),
      },
    });
  });

  it('has the settings of each tier there is, and does without one that is broken', async () => {
    settings('home', 'settings.json', '{"permissions":{"allow":["Read"],"deny":["WebFetch"]},"hooks":{"Stop":[]}}');
    settings('project', 'settings.json', '{ broken');
    settings('project', 'settings.local.json', '{}');
    const [frame] = await factsAt();
    expect(frame?.type === 'ready' && frame.facts?.settings).toEqual([
      { tier: 'user', allow: ['Read'], ask: [], deny: ['WebFetch'], hooks: ['Stop'] },
      { tier: 'local', allow: [], ask: [], deny: [], hooks: [] },
    ]);
  });

  it('fits what the host takes, however much it is', async () => {
    const many = Array.from({ length: 2_000 }, (_, n) => `${n}`.padStart(999, 'x'));
    const servers = many.map((name) => ({ name, status: 'connected' }));
    const plugins = many.map((name) => ({ name, path: '/x' }));
    const crowded = init({
      tools: many,
      skills: many,
      agents: many,
      slash_commands: many,
      mcp_servers: servers,
      plugins,
    });
    const [frame] = await factsAt(crowded, { commands: many.map((name) => command(name)), agents: [] });
    expect(factsSchema.safeParse(frame?.type === 'ready' && frame.facts).success).toBe(true);
  });
});

describe('a command that would begin another conversation', () => {
  it.each(['/clear', ' /clear now', '/new', '/reset\n'])('%j is one', (text) => {
    expect(isEmptying(text)).toBe(true);
  });

  it.each(['/clearly', 'please /clear', '/newest', 'clear'])('%j is none', (text) => {
    expect(isEmptying(text)).toBe(false);
  });
});
