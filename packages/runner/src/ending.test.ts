import { expect, it } from 'vitest';
import { endingOf } from './ending.ts';

const exit = { code: null, signal: null, stderr: '' };

it('tells a CLI that failed from one that was killed, and for its memory', () => {
  expect(endingOf({ ...exit, code: 1, stderr: 'No such model' }, 0, undefined)).toMatchObject({
    type: 'failure',
    error: { code: 'claude_failed', detail: 'The CLI ended with code 1: No such model' },
  });
  expect(endingOf({ ...exit, code: 0 }, 3, new Error('It went'))).toMatchObject({
    error: { detail: 'The CLI ended with code 0: It went' },
  });
  expect(endingOf({ ...exit, signal: 'SIGKILL' }, 0, new Error('aborted'))).toEqual({
    type: 'killed',
    code: 137,
    words: 'Claude was ended by SIGKILL',
  });
  expect(endingOf({ ...exit, signal: 'SIGKILL' }, 1, undefined)).toMatchObject({
    words: 'The kernel killed Claude for its memory',
  });
  expect(endingOf({ ...exit, code: 143 }, 0, undefined)).toMatchObject({
    type: 'killed',
    code: 143,
    words: 'Claude was ended with code 143',
  });
});
