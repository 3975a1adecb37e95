import { describe, expect, it } from 'vitest';
import { parseMessagesRequest } from './messages-request.ts';

const user = { role: 'user', content: 'run it' };
const call = { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'Bash', input: {} }] };

function problem(messages: object[]): string | undefined {
  const parsed = parseMessagesRequest({ model: 'm', max_tokens: 10, messages: JSON.parse(JSON.stringify(messages)) });
  return parsed.ok ? undefined : parsed.problem;
}

describe('parseMessagesRequest()', () => {
  it('takes a call with its result, a message of the system between them or not', () => {
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] };
    expect(problem([user, call, result])).toBeUndefined();
    expect(problem([user, call, { role: 'system', content: 'note' }, result])).toBeUndefined();
  });

  it('refuses a call without a result, as the API does', () => {
    expect(problem([user, call, user])).toContain('`tool_use` ids were found without `tool_result` blocks');
  });

  it('names the field that is wrong', () => {
    expect(problem([{ role: 'robot', content: '' }])).toMatch(/^messages\.0\.role: /);
    expect(problem([])).toMatch(/^messages: /);
  });
});
