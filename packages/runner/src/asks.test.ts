import type { UpFrame } from '@airlock/protocol/wire';
import { describe, expect, it } from 'vitest';
import { createAsks } from './asks.ts';

function createRig() {
  const frames: UpFrame[] = [];
  const asks = createAsks((frame) => frames.push(frame));
  const withdrawal = new AbortController();
  const ask = (tool: string, input: Record<string, unknown>, requestId = 'r') =>
    asks.canUseTool(tool, input, { signal: withdrawal.signal, toolUseID: 't', requestId, title: 'Run it?' });
  return { frames, asks, ask, withdrawal };
}

const questions = [
  {
    question: 'Tea?',
    header: 'Drink',
    multiSelect: false,
    options: [
      { label: 'Yes', description: 'Green', preview: '<b>cup</b>' },
      { label: 'No', description: '' },
    ],
  },
];

describe('createAsks()', () => {
  it('asks about a tool and gives back the verdict', async () => {
    const { frames, asks, ask } = createRig();
    const decided = ask('Bash', { command: 'ls' });
    expect(frames).toEqual([
      {
        type: 'ask',
        requestId: 'r',
        ask: { kind: 'tool', tool: 'Bash', input: { command: 'ls' }, toolUseId: 't', title: 'Run it?' },
      },
    ]);
    expect(asks.answer('r', { behavior: 'allow', updatedInput: { command: 'pwd' } })).toBe(true);
    expect(await decided).toEqual({ behavior: 'allow', updatedInput: { command: 'pwd' } });
    expect(asks.answer('r', { behavior: 'allow' })).toBe(false);
  });

  it('allows the input asked for when none is given', async () => {
    const { asks, ask } = createRig();
    const decided = ask('Bash', { command: 'ls' });
    asks.answer('r', { behavior: 'allow' });
    expect(await decided).toEqual({ behavior: 'allow', updatedInput: { command: 'ls' } });
  });

  it('denies with the person’s words', async () => {
    const { asks, ask } = createRig();
    const decided = ask('Bash', {});
    asks.answer('r', { behavior: 'deny', message: 'No', interrupt: true });
    expect(await decided).toEqual({ behavior: 'deny', message: 'No', interrupt: true });
  });

  it('asks questions, and gives the CLI back its own with the answers', async () => {
    const { frames, asks, ask } = createRig();
    const decided = ask('AskUserQuestion', { questions });
    expect(frames[0]).toMatchObject({ ask: { kind: 'question', questions: [{ question: 'Tea?' }] } });
    expect(JSON.stringify(frames)).not.toContain('cup');
    asks.answer('r', { behavior: 'allow', updatedInput: { questions: [], answers: { 'Tea?': 'Yes' } } });
    expect(await decided).toEqual({ behavior: 'allow', updatedInput: { questions, answers: { 'Tea?': 'Yes' } } });
  });

  it('shows an AskUserQuestion of another form as a tool', () => {
    const { frames, ask } = createRig();
    void ask('AskUserQuestion', { questions: 'none' });
    expect(frames[0]).toMatchObject({ ask: { kind: 'tool', tool: 'AskUserQuestion' } });
  });

  it('withdraws an ask the CLI gave up, once', async () => {
    const { frames, asks, ask, withdrawal } = createRig();
    const decided = ask('Bash', {});
    withdrawal.abort();
    expect((await decided)?.behavior).toBe('deny');
    expect(frames.at(-1)).toEqual({ type: 'ask_withdrawn', requestId: 'r' });
    expect(asks.answer('r', { behavior: 'allow' })).toBe(false);
  });
});
