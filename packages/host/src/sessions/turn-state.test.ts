import { describe, expect, it } from 'vitest';
import { type Entry, entrySchema, readTurn } from './turn-state.ts';

const at = (second: number) => `2030-01-01T00:00:0${second}.000Z`;
const prompt: Entry = entrySchema.parse({ type: 'user', timestamp: at(1), message: { content: 'do it' } });
const result: Entry = entrySchema.parse({ type: 'user', message: { content: [{ type: 'tool_result' }] } });
const attachment: Entry = entrySchema.parse({ type: 'attachment', attachment: { type: 'date' } });

function claude(id: string, stop_reason: string | null, block: object, more: object = {}): Entry {
  return entrySchema.parse({
    type: 'assistant',
    timestamp: at(4),
    message: { id, stop_reason, content: [block], ...more },
  });
}
const text = (words: string) => ({ type: 'text', text: words });
const said = (words: string, stop_reason: string | null = 'end_turn', id = 'm2') =>
  claude(id, stop_reason, text(words));
const calls = claude('m1', 'tool_use', { type: 'tool_use', id: 't', name: 'Bash' });
const cliSays = claude('x', 'stop_sequence', text('No response requested.'), { model: '<synthetic>' });

describe('readTurn()', () => {
  it.each([
    ['only the prompt', [prompt]],
    ['what the CLI adds to it', [prompt, attachment]],
    ['what the CLI says in place of Claude', [prompt, cliSays]],
  ])('knows a turn with %s as unanswered', (_, entries) => {
    expect(readTurn(entries)).toEqual({ kind: 'unanswered' });
  });

  it.each([
    ['a tool call without a result', [prompt, calls]],
    ['the result of a tool', [prompt, calls, result]],
    ['text that is only the beginning of a message', [prompt, said('Let me', 'tool_use'), calls]],
    ['text that ran out of tokens', [prompt, said('and so', 'max_tokens')]],
    ['text without a word of how it stopped', [prompt, said('and so', null)]],
    ['an error in place of an answer', [prompt, calls, result, cliSays]],
    ['something said after the answer', [prompt, said('Done'), prompt]],
  ])('knows a turn that ends with %s as cut', (_, entries) => {
    expect(readTurn(entries)).toEqual({ kind: 'cut' });
  });

  it('knows a finished turn, with the last text of its last message', () => {
    const entries = [prompt, said('I try', 'tool_use', 'm1'), calls, result, said('One'), said('Two'), attachment];
    expect(readTurn(entries)).toEqual({ kind: 'finished', text: 'Two', durationMs: 3000 });
    const thought = claude('m2', 'end_turn', { type: 'thinking', thinking: 'enough' });
    expect(readTurn([prompt, said('One'), thought])).toMatchObject({ text: 'One' });
    expect(readTurn([prompt, thought])).toMatchObject({ kind: 'finished', text: '' });
  });

  it('takes nothing amiss in entries of forms it does not know', () => {
    const odd = [{}, 'text', { type: 'user', message: 7, timestamp: 'yesterday' }].map((raw) => entrySchema.parse(raw));
    expect(readTurn([...odd, said('Done')])).toEqual({ kind: 'finished', text: 'Done', durationMs: 0 });
  });
});
