import { describe, expect, it } from 'vitest';
import { readConversation } from './conversation.ts';
import { called, request, result, said } from './testing/request.ts';

const reminder = '<system-reminder>\nnot said\n</system-reminder>';

describe('readConversation()', () => {
  it('finds what the person said among what the CLI adds', () => {
    const talk = readConversation(
      request([
        said(reminder, 'hello'),
        { role: 'system', content: '# Environment\nPrimary working directory: /workspace' },
      ]),
    );
    expect(talk).toMatchObject({ prompt: 'hello', firstPrompt: 'hello', turn: 1, round: 0 });
    expect(talk.systemText).toContain('/workspace');
  });

  it('counts turns, and rounds of tool results since the last of them', () => {
    const talk = readConversation(
      request([
        said('first'),
        called('a', 'Bash'),
        result('Bash', 'old'),
        called('done'),
        said('second'),
        called('b', 'Write'),
        result('Write', 'written'),
        called('c', 'Read'),
        result('Read', 'read', true),
      ]),
    );
    expect(talk).toMatchObject({ prompt: 'second', firstPrompt: 'first', turn: 2, round: 2 });
    expect(talk.latest).toEqual([{ tool: 'Read', text: 'read', failed: true }]);
    expect(talk.outcomes.map((outcome) => outcome.text)).toEqual(['written', 'read']);
  });

  it('takes results in two messages as one round', () => {
    const talk = readConversation(
      request([said('go'), called('two', 'Bash', 'Read'), result('Bash', 'one'), result('Read', 'two')]),
    );
    expect(talk.round).toBe(1);
    expect(talk.latest).toHaveLength(2);
  });

  it('does not take an interruption or a resumed turn for something said', () => {
    expect(readConversation(request([said('go', '[Request interrupted by user]', 'stop')])).prompt).toBe('go\nstop');
    const resumed = readConversation(request([said('go', 'Continue from where you left off.')]));
    expect(resumed.state).toBe(readConversation(request([said('go')])).state);
  });

  it('knows how much of a cut answer was delivered', () => {
    const cut = said('Your response above was cut off mid-stream. Resume directly from where it stops.');
    const talk = readConversation(request([said('go'), called('first block'), cut]));
    expect(talk).toMatchObject({ prompt: 'go', turn: 1, delivered: 1 });
    expect(readConversation(request([said('go'), called('first block'), cut, called('rest')])).delivered).toBe(0);
  });

  it('names the state by what was said and answered, not by ids or the answers of the model', () => {
    const state = (text: string, session = '') =>
      readConversation(request([said('go'), called(text, 'Bash'), result('Bash', 'out')]), session).state;
    expect(state('one')).toBe(state('another'));
    expect(state('one')).not.toBe(state('one', 'session'));
    expect(state('one')).not.toBe(readConversation(request([said('go')])).state);
  });
});
