import { createInterface } from 'node:readline';
import { query } from '@anthropic-ai/claude-agent-sdk';
import * as z from 'zod';

/*
 * The bare Agent SDK, to measure Airlock against. Each line of stdin is something to say, as JSON, or `null`, which allows
 * the tool that is asked about. Each line of stdout is what happened and when, in milliseconds since 1970.
 */

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function next(): Promise<string | null> {
  const { value, done } = await lines.next();
  return done ? process.exit() : z.string().nullable().parse(JSON.parse(value));
}

function tell(what: 'said' | 'token' | 'asked' | 'allowed' | 'result' | 'ended', text?: string): void {
  process.stdout.write(`${JSON.stringify({ what, at: Date.now(), text })}\n`);
}

let ended = Promise.withResolvers<void>();

async function* say() {
  for (;;) {
    const content = (await next()) ?? '';
    tell('said');
    yield { type: 'user' as const, parent_tool_use_id: null, message: { role: 'user' as const, content } };
    await ended.promise;
    ended = Promise.withResolvers();
  }
}

let isFirst = true;
for await (const message of query({
  prompt: say(),
  options: {
    pathToClaudeCodeExecutable: '/app/bin/claude',
    permissionMode: 'default',
    includePartialMessages: true,
    settingSources: ['user', 'project', 'local'],
    systemPrompt: { type: 'preset', preset: 'claude_code' },
    cwd: '/workspace',
    env: { ...process.env, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    async canUseTool(_tool, updatedInput) {
      tell('asked');
      await next();
      tell('allowed');
      return { behavior: 'allow', updatedInput };
    },
  },
})) {
  if (message.type === 'stream_event' && message.event.type === 'content_block_delta') {
    if (isFirst) tell('token');
    isFirst = false;
  }
  if (message.type === 'user') tell('result', JSON.stringify(message.message.content));
  if (message.type === 'result') {
    isFirst = true;
    tell('ended');
    ended.resolve();
  }
}
