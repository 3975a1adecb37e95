import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, it } from 'vitest';
import { createMessageReader } from './messages.ts';

/** The parts of a message the reader looks at; the SDK's own have many more. */
function sdk(message: object): SDKMessage {
  return { session_id: 's', uuid: 'u', parent_tool_use_id: null, ...message } as unknown as SDKMessage;
}

const stream = (event: object) => sdk({ type: 'stream_event', event });
const sent = { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: null, output_tokens: 1 };
const start = (id: string) => stream({ type: 'message_start', message: { id, model: 'claude-test', usage: sent } });
const begin = (index: number, type: string) => stream({ type: 'content_block_start', index, content_block: { type } });
const said = (index: number, text: string) =>
  stream({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } });
const whole = (id: string, ...content: object[]) =>
  sdk({ type: 'assistant', message: { id, model: 'claude-test', content } });
const usage = (inputTokens: number) => ({
  inputTokens,
  outputTokens: 1,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
});
const result = (more: object = {}) =>
  sdk({ type: 'result', subtype: 'success', is_error: false, result: 'done', duration_ms: 5, modelUsage: {}, ...more });

function read(...messages: SDKMessage[]) {
  const reader = createMessageReader();
  return messages.flatMap(reader);
}

const frames = (...messages: SDKMessage[]) =>
  read(...messages).flatMap((output) => (output.kind === 'frame' ? [output.frame] : []));
const retracts = (...messages: SDKMessage[]) =>
  read(...messages).flatMap((output) => (output.kind === 'retract' ? [output.messageId] : []));

describe('a streamed message', () => {
  it('becomes live text, then a frame per block, under the index it was streamed with', () => {
    const outputs = read(
      start('m'),
      begin(0, 'thinking'),
      stream({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } }),
      begin(1, 'text'),
      said(1, 'Hello'),
      whole('m', { type: 'thinking', thinking: 'Hm' }),
      whole('m', { type: 'text', text: 'Hello' }),
    );
    expect(outputs).toEqual([
      { kind: 'delta', delta: { messageId: 'm', block: 0, kind: 'thinking', text: 'Hm' } },
      { kind: 'delta', delta: { messageId: 'm', block: 1, kind: 'text', text: 'Hello' } },
      { kind: 'finish', messageId: 'm', block: 0 },
      { kind: 'frame', frame: { type: 'thinking', messageId: 'm', block: 0, text: 'Hm' } },
      { kind: 'finish', messageId: 'm', block: 1 },
      { kind: 'frame', frame: { type: 'message', messageId: 'm', block: 1, text: 'Hello' } },
    ]);
  });

  it('keeps its indices when the CLI leaves a block out', () => {
    const [frame] = frames(start('m'), begin(0, 'thinking'), begin(1, 'text'), whole('m', { type: 'text', text: 'x' }));
    expect(frame).toMatchObject({ type: 'message', block: 1 });
  });

  it('carries tool calls', () => {
    const call = { type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls' } };
    expect(frames(whole('m', { type: 'text', text: 'So' }), whole('m', call))[1]).toEqual({
      type: 'tool_use',
      messageId: 'm',
      block: 1,
      toolUseId: 't',
      tool: 'Bash',
      input: { command: 'ls' },
    });
  });

  it.each([
    [
      'is asked for again',
      sdk({
        type: 'system',
        subtype: 'api_retry',
        attempt: 1,
        max_retries: 9,
        retry_delay_ms: 5,
        error_status: null,
        error: 'unknown',
      }),
    ],
    ['is followed by another', start('n')],
    ['is continued by the CLI', sdk({ type: 'user', isSynthetic: true, message: { content: 'cut off mid-stream' } })],
    ['ends with its turn', result()],
  ])('is taken back when it %s before it is whole', (_what, next) => {
    expect(retracts(start('m'), begin(0, 'text'), said(0, 'Hel'), next)).toEqual(['m']);
  });

  it('is not taken back once its blocks are finished', () => {
    expect(retracts(start('m'), begin(0, 'text'), whole('m', { type: 'text', text: 'x' }), result())).toEqual([]);
  });

  it('of a sub-agent is not live', () => {
    const event = { type: 'message_start', message: { id: 'm' } };
    expect(read(sdk({ type: 'stream_event', event, parent_tool_use_id: 't' }))).toEqual([]);
  });
});

describe('what the CLI says itself', () => {
  it('is a note, never shown as Claude’s or the person’s', () => {
    const synthetic = { id: 'x', model: '<synthetic>', content: [{ type: 'text', text: 'API Error' }] };
    expect(
      frames(
        sdk({ type: 'assistant', message: synthetic, error: 'unknown' }),
        sdk({ type: 'user', isSynthetic: true, message: { content: [{ type: 'text', text: 'cut off' }] } }),
        sdk({ type: 'user', message: { content: 'typed by a person' } }),
      ),
    ).toEqual([
      { type: 'note', text: 'Said by unknown, not by the model: API Error' },
      { type: 'note', text: 'The CLI added: cut off' },
    ]);
  });
});

describe('what a slash command prints', () => {
  it('is shown like a message, although no model has written it', () => {
    const printed = { id: 'x', model: '<synthetic>', content: [{ type: 'text', text: '13k tokens' }] };
    expect(frames(sdk({ type: 'assistant', message: printed, local_command_source: 'context' }))).toEqual([
      { type: 'message', messageId: 'x', block: 0, text: '13k tokens' },
    ]);
  });
});

describe('a sub-agent', () => {
  const of = (message: object) => sdk({ ...message, parent_tool_use_id: 'call' });

  it('is named by the call that began it in all it says and does', () => {
    const used = { type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls' } };
    const content = [{ type: 'text', text: 'I look' }, used];
    expect(frames(of({ type: 'assistant', message: { id: 'm', model: 'claude-test', content } }))).toEqual([
      { type: 'message', messageId: 'm', block: 0, parent: 'call', text: 'I look' },
      { type: 'tool_use', messageId: 'm', block: 1, parent: 'call', toolUseId: 't', tool: 'Bash', input: used.input },
    ]);
  });
});

describe('what Claude has in mind', () => {
  const counted = (event: object, parent: string | null = null) =>
    sdk({ type: 'stream_event', event, parent_tool_use_id: parent });
  const modelUsage = { 'claude-test': { ...usage(1), contextWindow: 1000 } };
  const contextOf = (...messages: SDKMessage[]) => frames(...messages).find(({ type }) => type === 'turn');

  it('is what the model was last sent and said to it, of how much fits', () => {
    const delta = stream({ type: 'message_delta', usage: { output_tokens: 7 } });
    expect(contextOf(start('m'), delta, result({ modelUsage }))).toMatchObject({
      context: { tokens: 117, window: 1000 },
    });
  });

  it('has nothing of what a sub-agent has in mind', () => {
    const other = { type: 'message_start', message: { id: 'n', model: 'claude-test', usage: usage(5) } };
    expect(contextOf(start('m'), counted(other, 'call'), result({ modelUsage }))).toMatchObject({
      context: { tokens: 111 },
    });
  });

  it('is not known when the model has said nothing', () => {
    expect(contextOf(result({ modelUsage }))).not.toHaveProperty('context');
  });
});

describe('hooks and summing up', () => {
  it('are told', () => {
    const hook = { type: 'system', subtype: 'hook_response', hook_name: 'PreToolUse:Bash', outcome: 'error' };
    const compacted = {
      type: 'system',
      subtype: 'compact_boundary',
      compact_metadata: { pre_tokens: 90, post_tokens: 5 },
    };
    expect(frames(sdk({ ...hook, output: 'no' }), sdk({ ...hook, output: ' ' }), sdk(compacted))).toEqual([
      { type: 'note', text: 'Hook PreToolUse:Bash: error: no' },
      { type: 'note', text: 'Hook PreToolUse:Bash: error' },
      { type: 'note', text: 'Claude has summed up what was said before: 90 tokens became 5' },
    ]);
  });
});

describe('a tool result', () => {
  const resultOf = (block: object) =>
    frames(sdk({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't', ...block }] } }))[0];

  it.each([
    [{ content: 'plain' }, { text: 'plain', isError: false, truncated: false }],
    [
      { content: [{ type: 'text', text: 'a' }, { type: 'image' }], is_error: true },
      { text: 'a\n[image]', isError: true },
    ],
    [{ content: undefined }, { text: '' }],
    [{ content: 'x'.repeat(70_000) }, { text: 'x'.repeat(65_536), truncated: true }],
  ])('%# is text for people', (block, expected) => {
    expect(resultOf(block)).toMatchObject({ type: 'tool_result', toolUseId: 't', ...expected });
  });
});

describe('a result', () => {
  it('counts the tokens of its own turn', () => {
    const turns = frames(
      result({ modelUsage: { a: usage(10) }, user_message_uuid: 'p' }),
      result({ modelUsage: { a: usage(10), b: usage(3) } }),
    );
    expect(turns).toMatchObject([
      { type: 'turn', prompt: 'p', tokens: [{ model: 'a', inputTokens: 10 }] },
      { type: 'turn', prompt: null, tokens: [{ model: 'b', inputTokens: 3 }] },
    ]);
  });

  it('failed when it says so, whatever its subtype', () => {
    expect(frames(result({ is_error: true, api_error_status: 401, terminal_reason: 'api_error' }))).toMatchObject([
      { isError: true, subtype: 'success', apiStatus: 401, terminalReason: 'api_error' },
    ]);
    const failed = { subtype: 'error_max_turns', is_error: true, errors: ['a', 'b'] };
    expect(frames(result(failed))).toMatchObject([{ isError: true, subtype: 'error_max_turns', text: 'a\nb' }]);
  });

  it('says whose it was: a prompt of the host, or nothing but the CLI itself', () => {
    const [prompted] = frames(result({ user_message_uuid: 'p', origin: { kind: 'unclassified' } }));
    expect(prompted).toMatchObject({ prompt: 'p' });
    expect(prompted).not.toHaveProperty('byItself');
    expect(frames(result({ origin: { kind: 'task-notification' } }))).toMatchObject([{ prompt: null, byItself: true }]);
    expect(frames(result())[0]).not.toHaveProperty('byItself');
  });
});
