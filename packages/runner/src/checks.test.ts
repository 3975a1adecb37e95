import type { SingleFrame } from '@airlock/protocol/wire';
import type { HookInput, PreToolUseHookInput } from '@anthropic-ai/claude-agent-sdk';
import { expect, it } from 'vitest';
import { createChecks, type HeldCall } from './checks.ts';

function rig({ hasRules = true, how = 'decided' as 'decided' | 'put_off' } = {}) {
  const frames: SingleFrame[] = [];
  const held: HeldCall[] = [];
  const send = (frame: SingleFrame) => void frames.push(frame);
  const hold = (call: HeldCall) => {
    held.push(call);
    return Promise.resolve(how);
  };
  const checks = createChecks({ send, hasRules, hold });
  const leaving = new AbortController();
  const [matcher] = checks.hooks.PreToolUse ?? [];
  const call = (id: string, more: Partial<PreToolUseHookInput> = {}) => {
    const input = { hook_event_name: 'PreToolUse', tool_use_id: id, tool_name: 'Bash', tool_input: { command: id } };
    return matcher?.hooks[0]?.({ ...input, ...more } as HookInput, id, { signal: leaving.signal });
  };
  return { frames, held, checks, call, leaving, matcher };
}

const decided = (permissionDecision: string, permissionDecisionReason?: string) => ({
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision,
    ...(permissionDecisionReason === undefined ? {} : { permissionDecisionReason }),
  },
});

it('asks the host about each call, and tells the CLI what it said', async () => {
  const { frames, held, checks, call } = rig();
  const [first, second, third] = [call('a'), call('b'), call('c')];
  expect(frames.map((frame) => frame.type === 'check' && [frame.toolUseId, frame.tool, frame.input])).toEqual([
    ['a', 'Bash', { command: 'a' }],
    ['b', 'Bash', { command: 'b' }],
    ['c', 'Bash', { command: 'c' }],
  ]);
  checks.answer({ type: 'checked', toolUseId: 'b', decision: 'deny', reason: 'never' });
  checks.answer({ type: 'checked', toolUseId: 'a' });
  checks.answer({ type: 'checked', toolUseId: 'c', decision: 'allow' });
  checks.answer({ type: 'checked', toolUseId: 'unknown', decision: 'allow' });
  expect(await first).toEqual({});
  expect(await second).toEqual(decided('deny', 'never'));
  expect(await third).toEqual(decided('allow', 'A rule of the service says so'));
  expect(held).toEqual([]);
});

it('lets the CLI decide about a call it gave up, and runs none the host was not asked about', async () => {
  const { call, leaving, matcher } = rig();
  const given = call('a');
  leaving.abort();
  expect(await given).toEqual({});
  expect(matcher?.onFailure).toBe('block');
});

it('holds a call that a rule asks about, and has the CLI ask once people have decided, or puts it off', async () => {
  for (const how of ['decided', 'put_off'] as const) {
    const { held, checks, call } = rig({ how });
    const asked = call('a');
    checks.answer({ type: 'checked', toolUseId: 'a', decision: 'ask', reason: 'careful' });
    expect(await asked).toEqual(how === 'decided' ? decided('ask', 'careful') : decided('defer'));
    expect(held).toEqual([{ toolUseId: 'a', tool: 'Bash', input: { command: 'a' }, reason: 'careful' }]);
  }
});

it.each([
  ['of a sub-agent', { agent_id: 'a1' }],
  ['of the service', { tool_name: 'mcp__service__order', mcp_server: { name: 'service', source: 'sdk' } }],
  ['of an MCP server nothing is known of', { tool_name: 'mcp__db__query' }],
  ['that begins a plan', { tool_name: 'ExitPlanMode' }],
])('leaves asking to the CLI for a call %s', async (_, more) => {
  const { held, checks, call } = rig();
  const asked = call('a', more);
  checks.answer({ type: 'checked', toolUseId: 'a', decision: 'ask' });
  expect(await asked).toEqual(decided('ask', 'A rule of the service says so'));
  expect(held).toEqual([]);
});

it('holds a call of an MCP server, and says whose it is', async () => {
  const { held, checks, call } = rig();
  const mcpServer = { name: 'db', source: 'dynamic' };
  const asked = call('a', { tool_name: 'mcp__db__query', mcp_server: mcpServer });
  checks.answer({ type: 'checked', toolUseId: 'a', decision: 'ask', reason: 'careful' });
  await asked;
  expect(held).toEqual([
    { toolUseId: 'a', tool: 'mcp__db__query', input: { command: 'a' }, reason: 'careful', mcpServer },
  ]);
});

it('holds questions without any rule, unless one says something about them, and asks the host about nothing then', async () => {
  const { frames, held, call, matcher } = rig({ hasRules: false });
  expect(matcher?.matcher).toBe('AskUserQuestion');
  expect(await call('q', { tool_name: 'AskUserQuestion' })).toEqual({});
  expect(held).toEqual([{ toolUseId: 'q', tool: 'AskUserQuestion', input: { command: 'q' } }]);
  expect(frames).toEqual([]);
  const ruled = rig();
  expect(ruled.matcher?.matcher).toBeUndefined();
  const [free, denied] = ['f', 'd'].map((id) => ruled.call(id, { tool_name: 'AskUserQuestion' }));
  ruled.checks.answer({ type: 'checked', toolUseId: 'f' });
  ruled.checks.answer({ type: 'checked', toolUseId: 'd', decision: 'deny' });
  expect([await free, await denied]).toEqual([{}, decided('deny', 'A rule of the service says so')]);
  expect(ruled.held.map(({ toolUseId }) => toolUseId)).toEqual(['f']);
});
