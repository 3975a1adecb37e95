import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionSpec } from '@airlock/protocol/wire';
import { query, type SpawnOptions } from '@anthropic-ai/claude-agent-sdk';
import { v7 } from 'uuid';
import { describe, expect, it, onTestFinished } from 'vitest';
import { foretell, startAhead } from './ahead.ts';
import { claudeOptions } from './claude-options.ts';
import { createClaudeProcess } from './claude-process.ts';
import { createLinks } from './links.ts';
import { createMcpProxy } from './mcp-proxy.ts';
import { createServiceTools } from './service-tools.ts';
import { type Launch, spawnClaude } from './spawn-claude.ts';
import { readConfig } from './spec.ts';
import { readSurroundings } from './surroundings.ts';

const url = 'http://127.0.0.1:1';

function surroundingsOf(spec: Partial<SessionSpec>, env: Record<string, string> = {}) {
  const whole = { session: v7(), tokenHash: 'a'.repeat(64), orphanMs: 60_000, ...spec };
  return readSurroundings({ AIRLOCK_SESSION: JSON.stringify(whole), HOME: '/home/agent', ...env });
}

/** How the real SDK asks for the CLI. */
async function asked(surroundings: ReturnType<typeof surroundingsOf>): Promise<Launch> {
  const config = readConfig(surroundings);
  const launch = Promise.withResolvers<Launch>();
  const said = 'That is all';
  const tools = createServiceTools(config.spec.tools ?? [], () => undefined);
  const parts = {
    canUseTool: () => Promise.resolve({ behavior: 'allow' as const }),
    onElicitation: () => Promise.resolve({ action: 'cancel' as const }),
    hooks: {},
    mcpServers: { ...createMcpProxy(createLinks()).configs(config.spec.mcpServers ?? {}, url), ...tools.servers },
    sessionStore: { append: () => Promise.resolve(), load: () => Promise.resolve(null) },
    spawnClaudeCodeProcess: ({ command, args, cwd, env }: SpawnOptions) => {
      launch.resolve({ command, args, cwd, env });
      throw new Error(said);
    },
  };
  // The CLI is started at once, or when the conversation it resumes was looked for.
  const ask = async () => await query({ prompt: 'hello', options: claudeOptions(config, parts, url, 'Rules') }).next();
  await expect(ask()).rejects.toThrow(said);
  return await launch.promise;
}

const tool = { name: 'say', description: 'Says', inputSchema: { type: 'object' }, timeoutMs: 1_000, ask: false };

const rules = {
  type: 'addRules' as const,
  behavior: 'allow' as const,
  rules: [{ toolName: 'Bash', ruleContent: 'npm test:*' }, { toolName: 'WebFetch' }],
};

describe('foretell()', () => {
  it.each<[string, Partial<SessionSpec>]>([
    ['a new conversation', {}],
    ['one that is taken up again', { resumes: true }],
    ['one that is taken up again, with tools', { resumes: true, tools: [tool] }],
    ['one that is taken up again, with plugins', { resumes: true, plugins: ['keep-workspace'] }],
    ['a model and an effort', { model: 'claude-opus-4-8', fallbackModel: 'claude-sonnet-4-5', effort: 'high' }],
    ['turns and a mode', { maxTurns: 7, permissionMode: 'plan' }],
    ['rules about tools', { allowedTools: ['Bash(git log:*)', 'Read'], disallowedTools: ['WebFetch'] }],
    ['a prompt and tools of the service', { appendSystemPrompt: 'Be brief.', tools: [tool] }],
    ['plugins', { plugins: ['keep-workspace'] }],
    ['caches', { env: { PIP_NO_INDEX: '1' } }],
    ['what people have granted', { grants: [rules, { type: 'addDirectories', directories: ['/data', '/tmp/x'] }] }],
    ['a mode that people have set', { permissionMode: 'plan', grants: [{ type: 'setMode', mode: 'acceptEdits' }] }],
    ['sub-agents', { agents: { reader: { description: 'Reads', prompt: 'You read.' } } }],
    ['MCP servers and rules', { mcpServers: { db: { type: 'http' } }, checks: true }],
  ])('E4: says how the SDK starts the CLI for %s', async (_name, spec) => {
    const surroundings = surroundingsOf(spec);
    expect(foretell(surroundings, url)).toEqual(await asked(surroundings));
  });

  it('says nothing where there is no spec to read', () => {
    expect(foretell(readSurroundings({}), url)).toBeUndefined();
    expect(foretell(readSurroundings({ AIRLOCK_SESSION: '{' }), url)).toBeUndefined();
  });
});

it.each<[string, Partial<SessionSpec>]>([
  ['alone', {}],
  ['with tools', { tools: [tool] }],
  ['with plugins', { plugins: ['keep-workspace'] }],
  ['with MCP servers', { mcpServers: { db: { type: 'http' } } }],
])('H18. a CLI that resumes waits for the SDK: %s', async (_name, spec) => {
  const { args } = await asked(surroundingsOf({ resumes: true, ...spec }));
  expect(args.filter((arg) => arg === '--await-initialize')).toHaveLength(1);
});

describe('a CLI that was started ahead', () => {
  const { signal } = new AbortController();

  /** `cat` waits for what it is told, as the CLI does. */
  function begin() {
    const launch: Launch = { command: '/bin/cat', args: [], cwd: '/tmp', env: { LANG: 'C' } };
    const child = spawnClaude(launch);
    const claude = createClaudeProcess(() => undefined, { launch, child });
    const ask = (changed: Partial<Launch> = {}) => {
      const { command, args, cwd, env } = { ...launch, ...changed };
      return claude.spawn({ command, args: [...args], env, signal, ...(cwd === undefined ? {} : { cwd }) });
    };
    return { child, claude, ask };
  }

  it('E4: is the one the SDK gets, with what it said meanwhile', async () => {
    const { child, claude, ask } = begin();
    child.stdin.write('said early');
    const given = ask();
    const [said] = await once(given.stdout, 'data');
    expect(String(said)).toBe('said early');
    expect(given.stdin).toBe(child.stdin);
    expect(await claude.end()).toMatchObject({ signal: 'SIGTERM' });
  });

  it.each<[string, Partial<Launch>]>([
    ['program', { command: '/bin/tac' }],
    ['arguments', { args: ['-'] }],
    ['environment', { env: { LANG: 'C', MORE: '1' } }],
    ['folder', { cwd: '/' }],
  ])('E4: is killed when the SDK wants another %s', async (_name, changed) => {
    const { child, claude, ask } = begin();
    const exited = once(child, 'exit');
    const given = ask(changed);
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(given.stdin).not.toBe(child.stdin);
    await claude.end();
  });

  it('is replaced when it has ended', async () => {
    const { child, claude, ask } = begin();
    const exited = once(child, 'exit');
    child.stdin.end();
    expect(await exited).toEqual([0, null]);
    expect(ask().stdin).not.toBe(child.stdin);
    await claude.end();
  });

  it('ends with the runner when the SDK never asked for it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'airlock-ahead-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'claude');
    writeFileSync(program, '#!/bin/sh\nexec cat\n', { mode: 0o755 });
    const ahead = startAhead(surroundingsOf({}, { AIRLOCK_CLAUDE: program, AIRLOCK_WORKSPACE: folder }), url);
    const exited = ahead && once(ahead.child, 'exit');
    await createClaudeProcess(() => undefined, ahead).end();
    expect(await exited).toEqual([null, 'SIGKILL']);
  });
});
