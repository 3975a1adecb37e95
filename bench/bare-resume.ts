import { query } from '@anthropic-ai/claude-agent-sdk';

/*
 * The bare Agent SDK beside which waking is measured: says `PROMPT` in the conversation `SESSION`, a new one or, with
 * `RESUME`, one whose transcript the CLI finds. Prints when its first token came, in milliseconds since 1970.
 */

const { PROMPT = '', SESSION = '', RESUME } = process.env;
let isFirst = true;
for await (const message of query({
  prompt: PROMPT,
  options: {
    ...(RESUME ? { resume: SESSION } : { sessionId: SESSION }),
    pathToClaudeCodeExecutable: '/app/bin/claude',
    permissionMode: 'default',
    includePartialMessages: true,
    settingSources: ['user', 'project', 'local'],
    systemPrompt: { type: 'preset', preset: 'claude_code' },
    cwd: '/workspace',
    env: { ...process.env, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
  },
})) {
  if (!isFirst || message.type !== 'stream_event' || message.event.type !== 'content_block_delta') continue;
  process.stdout.write(`${JSON.stringify({ token: Date.now() })}\n`);
  isFirst = false;
}
