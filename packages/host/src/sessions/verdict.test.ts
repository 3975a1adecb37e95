import type { Element } from '@airlock/protocol/elements';
import type { SessionAsk } from '@airlock/protocol/requests';
import { describe, expect, it } from 'vitest';
import { answerable, checkAnswer, grantsIn, toVerdict } from './verdict.ts';

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

  it('takes notes beside answers, on what was asked', () => {
    const asked = asking('Which?');
    const answer = { answers: { 'Which?': 'this' }, notes: { 'Which?': 'but not too bright' } };
    expect(toVerdict(asked, checkAnswer(asked, answer))).toMatchObject({
      updatedInput: { answers: { 'Which?': 'this' }, annotations: { 'Which?': { notes: 'but not too bright' } } },
    });
    expect(() => checkAnswer(asked, { ...answer, notes: { 'How?': 'x' } })).toThrow(
      expect.objectContaining({ fields: { 'How?': ['This was not asked'] } }),
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

describe('an answer to a tool', () => {
  const grants = [{ type: 'addRules', behavior: 'allow', rules: [{ toolName: 'Bash', ruleContent: 'ls:*' }] }] as const;
  const once: SessionAsk = { kind: 'tool', tool: 'Bash', toolUseId: 't', input: { command: 'ls' } };
  const always: SessionAsk = { ...once, grants: [{ ...grants[0], rules: [...grants[0].rules] }] };

  it('allows once, as edited, or for good', () => {
    expect(toVerdict(once, { decision: 'allow' })).toEqual({ behavior: 'allow' });
    const updatedInput = { command: 'pwd' };
    expect(toVerdict(once, { decision: 'allow', updatedInput })).toEqual({ behavior: 'allow', updatedInput });
    expect(toVerdict(always, { decision: 'allow', remember: true })).toEqual({ behavior: 'allow', grants });
    expect([grantsIn(always, { decision: 'allow', remember: true }), grantsIn(always, { decision: 'allow' })]).toEqual([
      grants,
      [],
    ]);
  });

  it('denies with a reason, and ends the turn when asked to', () => {
    expect(toVerdict(once, { decision: 'deny', message: ' ' })).toEqual({
      behavior: 'deny',
      message: 'The person denied this',
    });
    expect(toVerdict(once, { decision: 'deny', message: 'no', interrupt: true })).toEqual({
      behavior: 'deny',
      message: 'no',
      interrupt: true,
    });
  });

  it.each([
    ['remember', once, { decision: 'allow', remember: true }],
    ['remember', always, { decision: 'deny', remember: true }],
    ['remember', always, { decision: 'allow', remember: true, updatedInput: {} }],
    ['updatedInput', once, { decision: 'deny', updatedInput: {} }],
    ['interrupt', once, { decision: 'allow', interrupt: true }],
  ])('is refused for %s when that does not go with the rest', (field, ask, inputs) => {
    expect(() => checkAnswer(ask, inputs)).toThrow(
      expect.objectContaining({ code: 'invalid_inputs', fields: { [field]: [expect.any(String)] } }),
    );
  });
});

describe('an answer to a plan', () => {
  const plan: SessionAsk = { kind: 'plan', toolUseId: 't', plan: '# Plan' };

  it('begins it, in the mode chosen', () => {
    const edits = { decision: 'allow', permissionMode: 'acceptEdits' };
    expect(toVerdict(plan, checkAnswer(plan, { decision: 'allow' }))).toEqual({
      behavior: 'allow',
      grants: [{ type: 'setMode', mode: 'default' }],
    });
    expect(toVerdict(plan, checkAnswer(plan, edits))).toEqual({
      behavior: 'allow',
      grants: [{ type: 'setMode', mode: 'acceptEdits' }],
    });
  });

  it('says what to change, or is refused', () => {
    expect(toVerdict(plan, checkAnswer(plan, { decision: 'deny', message: 'Shorter' }))).toEqual({
      behavior: 'deny',
      message: 'Shorter',
    });
    for (const [field, inputs] of [
      ['message', { decision: 'deny' }],
      ['permissionMode', { decision: 'deny', message: 'x', permissionMode: 'default' }],
      ['permissionMode', { decision: 'allow', permissionMode: 'bypassPermissions' }],
    ] as const) {
      expect(() => checkAnswer(plan, inputs)).toThrow(
        expect.objectContaining({ fields: { [field]: [expect.any(String)] } }),
      );
    }
  });
});

describe('an answer to an MCP server', () => {
  const about = { kind: 'elicitation', server: 'db', message: 'Who?' } as const;
  const line = { value: null, required: true, placeholder: null, max_length: null, label: null };
  const elements: Element[] = [{ type: 'text', name: 'who', ...line }];
  const asking: SessionAsk = { ...about, elements };
  const opening: SessionAsk = { ...about, url: 'https://example.com' };

  it('is checked against its form, and says what a person decided', () => {
    const accepted = checkAnswer(asking, { action: 'accept', content: { who: 'Ada' } });
    expect(toVerdict(asking, accepted)).toEqual({ behavior: 'elicited', action: 'accept', content: { who: 'Ada' } });
    expect(toVerdict(asking, checkAnswer(asking, { action: 'decline' }))).toEqual({
      behavior: 'elicited',
      action: 'decline',
    });
    expect(toVerdict(opening, checkAnswer(opening, { action: 'accept' }))).toEqual({
      behavior: 'elicited',
      action: 'accept',
    });
  });

  it('can only be declined when the form of the container is none to check against', () => {
    expect(answerable(asking)).toBe(asking);
    expect(answerable(opening)).toBe(opening);
    const broken: SessionAsk = { ...about, elements: [{ type: 'text', name: 'who', ...line, pattern: '(' }] };
    expect(answerable(broken)).toEqual(about);
    const twice: SessionAsk = { ...asking, elements: [...elements, ...elements] };
    expect(answerable(twice)).toEqual(about);
  });

  it.each([
    ['who', asking, { action: 'accept', content: {} }],
    ['_global_', asking, { action: 'accept', content: { who: 'Ada', more: 1 } }],
    ['content', asking, { action: 'decline', content: { who: 'Ada' } }],
    ['content', opening, { action: 'accept', content: {} }],
    ['action', about as SessionAsk, { action: 'accept', content: {} }],
  ])('is refused for %s when it does not fit', (field, ask, inputs) => {
    expect(() => checkAnswer(ask, inputs)).toThrow(
      expect.objectContaining({ fields: { [field]: [expect.any(String)] } }),
    );
  });
});
