import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, isSafePath, numbered, safePath } from './names.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .array(
      fc.constantFrom(
        '..',
        '.',
        '',
        'a',
        '…',
        '\u202ecod.exe',
        'a\0',
        ' ',
        'C:',
        'x'.repeat(300),
        '👩‍👩‍👧',
        '. .',
        '\ud800',
      ),
    )
    .map((names) => names.join('/')),
);

describe('a safe path', () => {
  it('leads below the folder it is joined to, can be seen, and fits every file system', () => {
    fc.assert(
      fc.property(hostile, (raw) => {
        const path = safePath(raw);
        const names = path.split('/');
        expect(names.filter((name) => name === '' || /^\.*$/.test(name))).toEqual([]);
        expect(path).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\\]/u);
        expect(Math.max(...names.map(bytesOf))).toBeLessThanOrEqual(255);
        expect(bytesOf(numbered(path, 1000))).toBeLessThanOrEqual(1024 + 8);
        expect(path.normalize('NFC')).toBe(path);
      }),
    );
  });

  it('stays as it is when it is one', () => {
    fc.assert(
      fc.property(hostile, (raw) => {
        expect(isSafePath(safePath(raw))).toBe(true);
      }),
    );
  });

  it.each([
    ['report.pdf', 'report.pdf'],
    ['folder/sub folder/données (1).csv', 'folder/sub folder/données (1).csv'],
    ['../../etc/passwd', 'etc/passwd'],
    ['/etc/passwd', 'etc/passwd'],
    ['C:\\Users\\ada\\a.txt', 'C:/Users/ada/a.txt'],
    ['a\u202etxt.exe', 'atxt.exe'],
    ['.env', '.env'],
    ['..', 'file'],
    ['', 'file'],
    ['a. ', 'a'],
    ['__proto__', '__proto__'],
    [`${'x'.repeat(300)}.tar.gz`, `${'x'.repeat(244)}.gz`],
  ])('of %j is %j', (raw, path) => {
    expect(safePath(raw)).toBe(path);
  });

  it.each(['', '../a', 'a/../b', 'a//b', '/a', 'a/', 'a\0', './a', 'a\\b'])('is not %j', (path) => {
    expect(isSafePath(path)).toBe(false);
  });
});

describe('the same name again', () => {
  it.each([
    ['a/report.pdf', 1, 'a/report.pdf'],
    ['a/report.pdf', 2, 'a/report (2).pdf'],
    ['.env', 3, '.env (3)'],
    ['a.b/c', 2, 'a.b/c (2)'],
  ])('%s, %d times, is %s', (path, count, name) => {
    expect(numbered(path, count)).toBe(name);
  });
});
