import { describe, expect, it } from 'vitest';
import { excerpt, isSameJson } from './signature.ts';

describe('isSameJson', () => {
  it.each([
    [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [0, -0, true],
    [{ a: 1 }, { a: 1, b: null }, false],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [[], {}, false],
    [null, {}, false],
    ['1', 1, false],
  ])('of %j and %j', (a, b, isSame) => {
    expect(isSameJson(a, b)).toBe(isSame);
    expect(isSameJson(b, a)).toBe(isSame);
  });
});

describe('excerpt', () => {
  it('cuts long calls', () => {
    expect(excerpt({ kind: 'session_send', session: 'main', text: 'x'.repeat(1000) })).toHaveLength(301);
  });
});
