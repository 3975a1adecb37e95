import type { SessionAsk } from '@airlock/protocol/requests';
import { describe, expect, it } from 'vitest';
import { checkAnswer } from './verdict.ts';

function asking(...questions: string[]): SessionAsk {
  const each = { header: '', multiSelect: false, options: [] };
  return { kind: 'question', toolUseId: 't', questions: questions.map((question) => ({ ...each, question })) };
}

describe('checkAnswer()', () => {
  it('wants every question answered, or one answer to all', () => {
    expect(checkAnswer(asking('Which?'), { answers: { 'Which?': 'this' } })).toEqual({ answers: { 'Which?': 'this' } });
    expect(checkAnswer(asking('Which?'), { answers: {}, response: 'none' })).toMatchObject({ response: 'none' });
    expect(() => checkAnswer(asking('Which?', 'How?'), { answers: { 'Which?': ' ' } })).toThrow(
      expect.objectContaining({ fields: { 'Which?': [expect.any(String)], 'How?': [expect.any(String)] } }),
    );
  });

  it('takes a question for a question, also one named like a part of every object', () => {
    for (const question of ['constructor', 'toString', 'hasOwnProperty']) {
      expect(() => checkAnswer(asking(question), { answers: {} })).toThrow(
        expect.objectContaining({ code: 'invalid_inputs', fields: { [question]: [expect.any(String)] } }),
      );
      expect(checkAnswer(asking(question), { answers: { [question]: 'yes' } })).toMatchObject({ answers: {} });
    }
  });

  it('names answers nobody asked for, but not all of many', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`${n}`, 'x']));
    expect(() => checkAnswer(asking('Which?'), { answers: { ...many, 'Which?': 'this' } })).toThrow(
      expect.objectContaining({ fields: expect.not.objectContaining({ 500: expect.anything() }) }),
    );
  });

  it('says in plain words what has another form', () => {
    const tool: SessionAsk = { kind: 'tool', tool: 'Bash', toolUseId: 't', input: {} };
    expect(() => checkAnswer(tool, { decision: 'maybe', more: 1 })).toThrow(
      expect.objectContaining({
        fields: { decision: ['Expected one of: allow, deny'], _global_: ['There is no "more" here'] },
      }),
    );
  });
});
