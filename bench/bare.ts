import { query } from '@anthropic-ai/claude-agent-sdk';
import * as z from 'zod';

/*
 * The bare Agent SDK, to measure Airlock against: asks `PROMPTS` one after another and prints, per turn, when its first
 * token came (milliseconds since 1970). Between turns it waits `PAUSE_MS`, as people do.
 */

const prompts = z.array(z.string()).parse(JSON.parse(process.env.PROMPTS ?? '[]'));
let answered = Promise.withResolvers<void>();

async function* say() {
  for (const text of prompts) {
    process.stdout.write(`${JSON.stringify({ asked: Date.now() })}\n`);
    yield {
      type: 'user' as const,
      parent_tool_use_id: null,
      message: { role: 'user' as const, content: text },
    };
    await answered.promise;
    answered = Promise.withResolvers();
    await new Promise((resolve) => setTimeout(resolve, Number(process.env.PAUSE_MS)));
  }
}

let first = true;
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
  },
})) {
  const isToken = message.type === 'stream_event' && message.event.type === 'content_block_delta';
  if (isToken && first) {
    process.stdout.write(`${JSON.stringify({ token: Date.now() })}\n`);
    first = false;
  }
  if (message.type === 'result') {
    process.stdout.write(`${JSON.stringify({ ended: Date.now() })}\n`);
    first = true;
    answered.resolve();
  }
}
