import type { Request } from '@airlock/protocol/requests';
import { expect, test } from 'vitest';
import { type AnswerOptions, answerInputs } from './answer-inputs.ts';
import { createClone } from './fixtures/clone.ts';
import { ids, service, toolRequest } from './fixtures/data.ts';

const { id, execution, createdAt } = toolRequest;
const common = { id, execution, createdAt, session: ids.session };
const options = [
  { label: 'Short', description: '' },
  { label: 'Long, but dry', description: '' },
];
const requests = {
  tool: toolRequest,
  form: { ...common, kind: 'form', name: 'f', elements: service.elements },
  plan: { ...common, kind: 'plan', toolUseId: 'p', plan: 'x' },
  question: {
    ...common,
    kind: 'question',
    toolUseId: 'q',
    questions: [
      { question: 'Way?', header: 'W', multiSelect: false, options },
      { question: 'Things?', header: 'T', multiSelect: true, options },
    ],
  },
  asked: { ...common, kind: 'elicitation', server: 's', message: 'm', elements: service.elements },
  page: { ...common, kind: 'elicitation', server: 's', message: 'm', url: 'https://x' },
  formless: { ...common, kind: 'elicitation', server: 's', message: 'm' },
} satisfies Record<string, Request>;

type Given = Partial<AnswerOptions>;
const noFiles = () => Promise.reject(new RangeError('no file is sent here'));
const inputs = (name: keyof typeof requests, given: Given) =>
  answerInputs(requests[name], { field: [], choose: [], note: [], ...given }, noFiles);

test.each<[keyof typeof requests, Given, object]>([
  ['tool', { allow: true, always: true }, { decision: 'allow', remember: true }],
  ['tool', { deny: 'no', stop: true }, { decision: 'deny', interrupt: true, message: 'no' }],
  ['tool', { deny: true, message: 'no' }, { decision: 'deny', message: 'no' }],
  ['tool', { allow: true, input: '{"a":1}' }, { decision: 'allow', updatedInput: { a: 1 } }],
  ['plan', { allow: true }, { decision: 'allow' }],
  ['plan', { allow: true, mode: 'default' }, { decision: 'allow', permissionMode: 'default' }],
  ['plan', { allow: true, always: true }, { decision: 'allow', permissionMode: 'acceptEdits' }],
  ['plan', { deny: 'smaller' }, { decision: 'deny', message: 'smaller' }],
  [
    'question',
    { choose: ['1=Long, but dry', 'Things?=2,Short'], note: ['2=soon'] },
    { answers: { 'Way?': 'Long, but dry', 'Things?': 'Long, but dry, Short' }, notes: { 'Things?': 'soon' } },
  ],
  ['question', { choose: ['1=1'], field: ['2=a map'] }, { answers: { 'Way?': 'Short', 'Things?': 'a map' } }],
  ['question', { message: 'Neither' }, { answers: {}, response: 'Neither' }],
  ['form', { input: '{"who":"a","times":1}', field: ['times=2'] }, { who: 'a', times: 2 }],
  ['asked', { field: ['who=a'] }, { action: 'accept', content: { who: 'a' } }],
  ['asked', { deny: true }, { action: 'decline' }],
  ['page', { allow: true }, { action: 'accept' }],
  ['page', { dismiss: true }, { action: 'cancel' }],
])('%s, %o', async (name, given, expected) => {
  expect(await inputs(name, given)).toEqual(expected);
});

test.each<[keyof typeof requests, Given, RegExp]>([
  ['tool', {}, /It is allowed or denied/],
  ['tool', { allow: true, deny: true }, /It is allowed or denied/],
  ['tool', { allow: true, choose: ['1=1'] }, /--choose says nothing about it/],
  ['tool', { allow: true, input: 'gone.json' }, /gone.json: there is no such file/],
  ['tool', { allow: true, input: '{' }, /no JSON object/],
  ['form', { allow: true }, /A form request is answered otherwise/],
  ['plan', { allow: true, mode: 'plan' }, /There is no such mode/],
  ['question', { choose: ['3=1'] }, /No such question/],
  ['question', { choose: ['1=3'] }, /No such option/],
  ['question', { choose: ['1=a map'] }, /No such option/],
  ['question', { choose: ['1=1,2'] }, /No such option/],
  ['page', {}, /It is accepted or declined/],
  ['formless', { allow: true }, /It is accepted or declined/],
])('%s, %o is bad usage', async (name, given, expected) => {
  await expect(inputs(name, given)).rejects.toThrow(expected);
});

test('input comes from a file, too', async () => {
  const clone = createClone();
  clone.write('input.json', '{"command":"pwd"}\n');
  expect(await inputs('tool', { allow: true, input: `${clone.root}/input.json` })).toEqual({
    decision: 'allow',
    updatedInput: { command: 'pwd' },
  });
});
