import { describe, expect, it } from 'vitest';
import { choose, toAnswers } from './question-answers.ts';

const options = ['Red', 'Green'].map((label) => ({ label, description: '' }));
const single = { question: 'Which?', header: 'Colour', multiSelect: false, options };
const several = { ...single, question: 'Which ones?', multiSelect: true };

describe('choose', () => {
  it('replaces a single choice', () => expect(choose(single, ['0'], '1', true)).toEqual(['1']));
  it('adds to and takes from several', () => {
    expect(choose(several, ['0'], '1', true)).toEqual(['0', '1']);
    expect(choose(several, ['0', '1'], '0', false)).toEqual(['1']);
  });
});

describe('toAnswers', () => {
  it('keys answers by question and joins several in the order of the options', () => {
    const draft = { chosen0: ['1'], chosen1: ['other', '1', '0'], other1: ' Blue ' };
    expect(toAnswers([single, several], draft)).toEqual({
      kind: 'complete',
      inputs: { answers: { 'Which?': 'Green', 'Which ones?': 'Red, Green, Blue' } },
    });
  });

  it('takes notes beside answers, where there are any', () => {
    const draft = { chosen0: ['0'], note0: ' Not too bright ', chosen1: ['1'], note1: ' ' };
    expect(toAnswers([single, several], draft)).toEqual({
      kind: 'complete',
      inputs: { answers: { 'Which?': 'Red', 'Which ones?': 'Green' }, notes: { 'Which?': 'Not too bright' } },
    });
  });

  it('names the questions without an answer; own words count only when chosen', () => {
    expect(toAnswers([single, several], { chosen0: ['other'], other0: ' ', other1: 'x' })).toEqual({
      kind: 'missing',
      places: [0, 1],
    });
  });
});
