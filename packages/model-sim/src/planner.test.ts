import { describe, expect, it } from 'vitest';
import type { Answer } from './answer.ts';
import { readConversation } from './conversation.ts';
import type { InputMessage, MessagesRequest } from './messages-request.ts';
import { createPlanner, type Plan, type VarySettings } from './planner.ts';
import { parseScript } from './script.ts';
import { called, request, result, said } from './testing/request.ts';

function setUp(yaml: string, vary: VarySettings = { enabled: false }) {
  const scenarios = parseScript(yaml, 'f');
  const planner = createPlanner(() => scenarios, vary);
  const ask = (messages: readonly InputMessage[], more: Partial<MessagesRequest> = {}): Plan => {
    const asked = request(messages, more);
    const talk = readConversation(asked);
    const plan = planner.plan(asked, talk, true);
    if (plan.error === undefined) planner.begun(talk);
    return plan;
  };
  return { planner, ask };
}

const text = (answer: Answer) =>
  answer.blocks.map((block) => (block.type === 'text' ? block.text : block.type)).join('|');

describe('planner', () => {
  const note = `
scenarios:
  - name: denied
    when: { afterTool: Write, toolResult: DENIED }
    steps: [{ say: Then not. }]
  - name: note
    when: { contains: Note }
    steps:
      - blocks: [{ text: "I heard {{prompt}}" }, { tool_use: { name: Write, input: { content: "{{turn}} {{firstPrompt}}" } } }]
      - say: "Tool said {{toolResult}}"
  - name: third
    when: { turn: 3 }
    steps: [{ say: three }]
`;

  it('answers the prompt with step 1 and a tool result with step 2', () => {
    const { ask } = setUp(note);
    const first = ask([said('a note')]);
    expect(first.source).toEqual({ kind: 'script', scenario: 'f#note', step: 0, repeat: 0 });
    expect(first.answer.blocks).toEqual([
      { type: 'text', text: 'I heard a note' },
      { type: 'tool_use', name: 'Write', input: { content: '1 a note' } },
    ]);
    expect(text(ask([said('a note'), called('x', 'Write'), result('Write', 'ok')]).answer)).toBe('Tool said ok');
  });

  it('branches on what a tool said, and on the turn', () => {
    const { ask } = setUp(note);
    const denied = ask([said('a note'), called('x', 'Write'), result('Write', 'permission denied', true)]);
    expect(text(denied.answer)).toBe('Then not.');
    expect(text(ask([said('a'), called('b'), said('c'), called('d'), said('e')]).answer)).toBe('three');
  });

  it('falls back to a canned answer when no step is left', () => {
    const { ask } = setUp(note);
    const more = [said('a note'), called('x', 'Bash'), result('Bash', '1'), called('y', 'Bash'), result('Bash', '2')];
    expect(ask(more).source.kind).toBe('canned');
  });

  it('fails as often as it should: errors, then cuts, then stalls, then the answer', () => {
    const { ask } = setUp(`
scenarios:
  - steps:
      - say: at last
        error: { status: 529, times: 2, retryAfter: 1 }
        cut: { at: headers }
        stall: { at: piece, block: 0, piece: 1 }
`);
    const attempts = Array.from({ length: 5 }, () => ask([said('go')]));
    expect(attempts.map((plan) => plan.error?.status ?? plan.fault?.kind ?? 'answer')).toEqual([
      ...[529, 529, 'cut', 'stall', 'answer'],
    ]);
    expect(ask([said('go'), called('done'), said('go')]).error?.status).toBe(529);
  });

  it('goes on with the blocks that are missing after a cut', () => {
    const { ask } = setUp('scenarios: [{ steps: [{ blocks: [{ thinking: h }, { text: one }, { text: two }] }] }]');
    const cut = said('Your response above was cut off mid-stream. Resume directly.');
    expect(text(ask([said('go'), called('one'), cut]).answer)).toBe('two');
  });

  it('answers the requests of the CLI itself without a step', () => {
    const { ask } = setUp('scenarios: [{ steps: [{ say: scripted, error: { status: 529, times: 1 } }] }]');
    const schema = { type: 'object', properties: { title: { type: 'string' } } };
    const title = ask([said('<session>\nwrite a poem about the sea\n</session>\n\nWrite the title')], {
      tools: [],
      output_config: { format: { type: 'json_schema', schema } },
    });
    expect(title.source.kind).toBe('side');
    expect(text(title.answer)).toBe('{"title":"Write a poem about the sea"}');
    expect(ask([said('Your task is to create a detailed summary of the conversation so far')]).source.kind).toBe(
      'side',
    );
    expect(ask([said('go')]).error?.status).toBe(529);
  });

  it('repeats itself unless it is told to vary', () => {
    const script = 'scenarios: [{ steps: [{ say: the same }] }]';
    const plain = setUp(script);
    expect(plain.ask([said('go')]).answer).toEqual(plain.ask([said('go')]).answer);
    const varied = setUp(script, { enabled: true, times: 1 });
    const answers = [1, 2, 3].map(() => text(varied.ask([said('go')]).answer));
    expect(answers[1]).not.toBe('the same');
    expect([answers[0], answers[2]]).toEqual(['the same', 'the same']);
  });

  it('prefers what the script says for a repetition, and leaves fixed steps alone', () => {
    const { ask } = setUp(
      'scenarios: [{ when: { contains: fixed }, steps: [{ say: f, vary: false }] }, { steps: [{ say: a, again: [{ say: b }, { say: c }] }] }]',
      { enabled: true },
    );
    expect([1, 2, 3, 4].map(() => text(ask([said('go')]).answer))).toEqual(['a', 'b', 'c', 'c']);
    expect([1, 2].map(() => text(ask([said('fixed')]).answer))).toEqual(['f', 'f']);
  });
});
