import { describe, expect, it } from 'vitest';
import type { Block } from './answer.ts';
import { cannedAnswer } from './canned.ts';
import { readConversation } from './conversation.ts';
import type { InputMessage } from './messages-request.ts';
import { called, request, result, said } from './testing/request.ts';

function answer(messages: readonly InputMessage[], system = ''): readonly Block[] {
  return cannedAnswer(readConversation(request(messages, { system })), true).blocks;
}

const call = (blocks: readonly Block[]) => blocks.find((block) => block.type === 'tool_use');
const words = (blocks: readonly Block[]) => blocks.map((block) => (block.type === 'text' ? block.text : '')).join('');

describe('cannedAnswer()', () => {
  it('says what it is, what it heard, and how the conversation began', () => {
    const text = words(answer([said('I am Ada'), called('hi'), said('who am I')]));
    expect(text).toContain('simulated model');
    expect(text).toContain('> who am I');
    expect(text).toContain('> I am Ada');
  });

  it('writes a file where the CLI works, reads it back and reports', () => {
    const environment: InputMessage = { role: 'system', content: ' - Primary working directory: /workspace/a' };
    const start = [said('please write a file poem.txt with "roses are red"'), environment];
    expect(call(answer(start))).toMatchObject({
      name: 'Write',
      input: { file_path: '/workspace/a/poem.txt', content: 'roses are red\n' },
    });
    const written = [...start, called('w', 'Write'), result('Write', 'File created')];
    expect(call(answer(written))).toMatchObject({ name: 'Read', input: { file_path: '/workspace/a/poem.txt' } });
    const read = [...written, called('r', 'Read'), result('Read', '1\troses are red')];
    expect(call(answer(read))).toBeUndefined();
    expect(words(answer(read))).toContain('roses are red');
  });

  it('reads a file first that the Write tool wants read', () => {
    const failed = [said('write a file'), called('w', 'Write'), result('Write', 'File has not been read yet', true)];
    expect(call(answer(failed))).toMatchObject({ name: 'Read' });
    expect(call(answer([...failed, called('r', 'Read'), result('Read', 'old')]))).toMatchObject({ name: 'Write' });
  });

  it('runs what stands in quotes, asks when told to, and thinks', () => {
    expect(call(answer([said('run `npm test`')]))).toMatchObject({ name: 'Bash', input: { command: 'npm test' } });
    const question = call(answer([said('ask me something')]));
    expect(question).toMatchObject({ name: 'AskUserQuestion', input: { questions: [{ options: [{}, {}] }] } });
    expect(answer([said('think hard')])[0]).toMatchObject({ type: 'thinking' });
  });

  it('calls no tool that the request does not offer', () => {
    const talk = readConversation(request([said('run `ls`, write a file, ask me')], { tools: [] }));
    expect(call(cannedAnswer(talk, false).blocks)).toBeUndefined();
  });

  it('quotes the choice of the person, and a failure', () => {
    const asked = [said('ask me'), called('q', 'AskUserQuestion')];
    expect(words(answer([...asked, result('AskUserQuestion', 'answered: "Which way?"="Quick"')]))).toContain(
      '> Quick\n',
    );
    const refused = [said('run'), called('b', 'Bash'), result('Bash', 'Permission denied', true)];
    expect(words(answer(refused))).toContain('Permission denied');
  });

  it('marks a completed task only when asked, and only when it is one', () => {
    const mark = 'Write [TASK_COMPLETE] on a line of its own';
    const ends = (messages: readonly InputMessage[], system = mark) =>
      /\n\[TASK_COMPLETE\]$/.test(words(answer(messages, system)));
    expect(ends([said('name three colours')])).toBe(true);
    expect(ends([said('run `ls`'), called('b', 'Bash'), result('Bash', 'ok')])).toBe(true);
    expect(ends([said('name three colours')], '')).toBe(false);
    expect(ends([said('hello')])).toBe(false);
    expect(ends([said('run `ls`')])).toBe(false);
  });
});
