import { describe, expect, it } from 'vitest';
import type { Answer, Block } from './answer.ts';
import { type VaryMode, varyAnswer } from './vary.ts';

const bash = (command: string): Block => ({ type: 'tool_use', name: 'Bash', input: { command } });
const answer: Answer = {
  blocks: [{ type: 'thinking', thinking: 'hm' }, { type: 'text', text: 'I will.' }, bash('one'), bash('two')],
};

const vary = (mode?: VaryMode, repeat = 1, seed = 1, given = answer) =>
  varyAnswer(given, { seed, state: 'state', repeat, mode });
const types = (given: Answer) => given.blocks.map((block) => block.type);
const inputs = (given: Answer) =>
  given.blocks.flatMap((block) => (block.type === 'tool_use' ? [block.input.command] : []));

describe('varyAnswer()', () => {
  it('gives the same answer for the same seed, state and repetition', () => {
    expect(vary()).toEqual(vary());
  });

  it('differs from what it repeats, whatever the seed', () => {
    for (let seed = 0; seed < 30; seed += 1) expect(vary(undefined, 1, seed)).not.toEqual(answer);
  });

  it('goes through every way to differ as it is asked again', () => {
    const ways = [1, 2, 3].map((repeat) =>
      JSON.stringify([types(vary(undefined, repeat)), inputs(vary(undefined, repeat))]),
    );
    expect(new Set(ways).size).toBe(3);
  });

  it('changes words, input, order, or leaves out the tools', () => {
    expect(inputs(vary('reword'))).toEqual(['one', 'two']);
    expect(inputs(vary('input'))).toEqual(['one # take 2', 'two # take 2']);
    expect(types(vary('order'))).toEqual(['thinking', 'tool_use', 'tool_use', 'text']);
    expect(inputs(vary('order'))).toEqual(['two', 'one']);
    expect(types(vary('noTool'))).toEqual(['thinking', 'text', 'text']);
  });

  it('keeps a question valid when it changes it', () => {
    const questions = [{ question: 'Which?', options: [{ label: 'A' }, { label: 'B' }] }];
    const asked: Answer = { blocks: [{ type: 'tool_use', name: 'AskUserQuestion', input: { questions } }] };
    expect(vary('input', 1, 1, asked).blocks.at(-1)).toMatchObject({
      input: { questions: [{ question: 'Which?', options: [{ label: 'B' }, { label: 'A' }] }] },
    });
  });
});
