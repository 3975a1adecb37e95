import type { SingleFrame } from '@airlock/protocol/wire';
import type { HookInput } from '@anthropic-ai/claude-agent-sdk';
import { expect, it } from 'vitest';
import { createChecks } from './checks.ts';

function rig() {
  const frames: SingleFrame[] = [];
  const checks = createChecks((frame) => frames.push(frame));
  const leaving = new AbortController();
  const [matcher] = checks.hooks.PreToolUse ?? [];
  const call = (id: string) => {
    const input = { hook_event_name: 'PreToolUse', tool_use_id: id, tool_name: 'Bash', tool_input: { command: id } };
    return matcher?.hooks[0]?.(input as HookInput, id, { signal: leaving.signal });
  };
  return { frames, checks, call, leaving, matcher };
}

it('asks the host about each call, and tells the CLI what it said', async () => {
  const { frames, checks, call } = rig();
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
  expect(await second).toEqual({
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: 'never',
    },
  });
  expect(await third).toMatchObject({ hookSpecificOutput: { permissionDecision: 'allow' } });
});

it('lets the CLI decide about a call it gave up, and runs none the host was not asked about', async () => {
  const { call, leaving, matcher } = rig();
  const given = call('a');
  leaving.abort();
  expect(await given).toEqual({});
  expect(matcher?.onFailure).toBe('block');
});
