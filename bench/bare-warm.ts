import { once } from 'node:events';
import { startup } from '@anthropic-ai/claude-agent-sdk';

/*
 * The bare Agent SDK started ahead of time, to measure spares against: says when it is ready, waits for a line on its
 * input, then asks `PROMPT` and prints when its first token came, in milliseconds since 1970.
 */

const warm = await startup({
  options: {
    pathToClaudeCodeExecutable: '/app/bin/claude',
    permissionMode: 'default',
    includePartialMessages: true,
    settingSources: ['user', 'project', 'local'],
    systemPrompt: { type: 'preset', preset: 'claude_code' },
    cwd: '/workspace',
    env: { ...process.env, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
  },
});
process.stdout.write(`${JSON.stringify({ ready: Date.now() })}\n`);
await once(process.stdin, 'data');
let isFirst = true;
for await (const message of warm.query(process.env.PROMPT ?? '')) {
  if (!isFirst || message.type !== 'stream_event' || message.event.type !== 'content_block_delta') continue;
  process.stdout.write(`${JSON.stringify({ token: Date.now() })}\n`);
  isFirst = false;
}
process.exit(0);
