import type { HookInput } from '@anthropic-ai/claude-agent-sdk';
import { expect, it } from 'vitest';
import { createEdits } from './edits.ts';

it.each(['PostToolUse', 'PostToolUseFailure'] as const)('tells Claude once what ran instead: %s', async (event) => {
  const { hooks, note } = createEdits();
  const hook = hooks[event]?.[0]?.hooks[0];
  const ended = (id: string) =>
    hook?.({ hook_event_name: event, tool_use_id: id } as HookInput, id, { signal: new AbortController().signal });
  note('t1', { command: 'pwd' });
  expect(await ended('t2')).toEqual({});
  expect(await ended('t1')).toEqual({
    hookSpecificOutput: {
      hookEventName: event,
      additionalContext: 'A person edited this call before allowing it. What ran was: {"command":"pwd"}',
    },
  });
  expect(await ended('t1')).toEqual({});
});
