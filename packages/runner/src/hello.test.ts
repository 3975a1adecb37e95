import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkHello } from './hello.ts';

const session = '01a205e4-fb5e-7139-80e2-ae493036adcf';
const token = 'secret';
const expected = { session, tokenHash: createHash('sha256').update(token).digest('hex'), epoch: 3 };
const hello = { v: 1, session, container: 'c', epoch: 4, token, upCommitted: 0 };

describe('checkHello()', () => {
  it('takes the session’s token and a higher epoch', () => {
    expect(checkHello(JSON.stringify(hello), expected)).toEqual({ ok: true, hello });
  });

  it.each([
    ['not JSON', '{', 'malformed'],
    ['no object', '1', 'malformed'],
    ['another version', JSON.stringify({ ...hello, v: 2 }), 'version'],
    ['a missing field', JSON.stringify({ ...hello, container: undefined }), 'malformed'],
    ['a wrong token', JSON.stringify({ ...hello, token: 'guess' }), 'token'],
    ['a wrong token for another session', JSON.stringify({ ...hello, token: '', epoch: 1 }), 'token'],
    ['another session', JSON.stringify({ ...hello, session: '01a205e4-fb5e-7139-80e2-000000000000' }), 'session'],
    ['the same epoch', JSON.stringify({ ...hello, epoch: 3 }), 'epoch'],
    ['a lower epoch', JSON.stringify({ ...hello, epoch: 2 }), 'epoch'],
  ])('refuses %s', (_what, line, reason) => {
    expect(checkHello(line, expected)).toEqual({ ok: false, reason });
  });
});
