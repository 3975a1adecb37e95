import { expect, test } from 'vitest';
import { service } from './fixtures/data.ts';
import { inputsOf, parsePairs } from './inputs.ts';

test.each([
  [['who=you'], { who: 'you' }],
  [['who='], { who: '' }],
  [['times=2.5'], { times: 2.5 }],
  [['times='], { times: null }],
  [['times=many'], { times: 'many' }],
  [['loud=no'], { loud: false }],
  [['loud=perhaps'], { loud: 'perhaps' }],
  [['who=a', 'who=b'], { who: 'b' }],
])('%o becomes %o', (pairs, expected) => {
  expect(inputsOf(service.elements, pairs)).toEqual(expected);
});

test('a pair without a name is bad usage', () => {
  expect(() => parsePairs(['=x'])).toThrow(/A field cannot be read: '=x'/);
  expect(() => parsePairs(['x'])).toThrow(/A field cannot be read: 'x'/);
});
