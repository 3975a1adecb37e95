import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Scanned } from '../placement/workspace-scan.ts';
import { changesBetween, entryOf, type Manifest } from './manifest.ts';
import { addressOf, pathOf, shownPath } from './names.ts';
import { folderView } from './view.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

describe('a path of bytes', () => {
  it('has an address that leads back to it, and can be read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (raw) => {
        const path = Buffer.from(raw).toString('latin1');
        const address = addressOf(path);
        expect(pathOf(decodeURIComponent(address))).toBe(path);
        expect(address).toMatch(/^[\x21-\x7e]+$/);
        expect(shownPath(path)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it.each([
    [bytes('a/ü b.txt'), 'a/ü b.txt', 'a/%C3%BC%20b.txt'],
    ['a\xff', 'a\\xff', '~Yf8'],
    ['\xc3', '\\xc3', '~ww'],
    ['a\xc2\x80', 'a\\xc2\\x80', '~YcKA'],
    ['a\nb', 'a\\x0ab', '~YQpi'],
    ['~a', '~a', '~fmE'],
    ['a\\b', 'a\\b', '~YVxi'],
    [bytes('\ufffd'), '\ufffd', '%EF%BF%BD'],
  ])('%j is shown as %j, and addressed as %j', (path, shown, address) => {
    expect(shownPath(path)).toBe(shown);
    expect(addressOf(path)).toBe(address);
  });
});

const found = (path: string, more: Partial<Scanned> = {}): Scanned => ({
  path,
  type: 'f',
  size: 1,
  mtime: 0,
  links: 1,
  mode: 0o644,
  target: '',
  stamp: `${path}`,
  ...more,
});
const manifest = (...all: Scanned[]): Manifest => ({
  isCut: false,
  entries: all.map((each) => entryOf(each, undefined)),
});
const listed = (from: Manifest, to: Manifest) =>
  changesBetween(from, to).map(({ path, change }) => `${path} ${change}`);

describe('what differs', () => {
  it('is told by what is there, and by the bytes where they are known', () => {
    const before = manifest(found('a'), found('b', { type: 'l', target: 'a' }), found('c'), found('d', { type: 'd' }));
    const after = manifest(found('a'), found('b', { type: 'l', target: 'c' }), found('c', { mode: 0o755 }), found('e'));
    expect(listed(before, before)).toEqual([]);
    expect(listed(before, after)).toEqual(['b changed', 'c changed', 'e added']);
    expect(listed(after, before)).toEqual(['b changed', 'c changed', 'e removed']);
    const kept = (hash: string): Manifest => ({
      isCut: false,
      entries: [{ ...entryOf(found('a', { stamp: hash, mtime: 5 }), undefined), kept: { hash, pack: 1, start: 0 } }],
    });
    expect(listed(kept('0'), kept('1'))).toEqual(['a changed']);
    expect(listed(kept('0'), { ...kept('0'), isCut: true })).toEqual([]);
  });

  it('counts a file that became a folder as gone, and what is in it as new', () => {
    const file = manifest(found('x'));
    const folder = manifest(found('x', { type: 'd' }), found('x/y'));
    expect(listed(file, folder)).toEqual(['x removed', 'x/y added']);
    expect(listed(folder, file)).toEqual(['x added', 'x/y removed']);
  });
});

describe('a folder', () => {
  const start = manifest(
    found('a', { type: 'd' }),
    found('a/old'),
    found('gone', { type: 'd' }),
    found('gone/x'),
    found('same'),
  );
  const now = manifest(
    found('a', { type: 'd' }),
    found('a/b', { type: 'd' }),
    found('a/b/new'),
    found('same'),
    found('ab'),
  );
  const shown = (folder: string) =>
    folderView(now, start, folder).map(({ path, kind, change }) => `${kind} ${path} ${change ?? 'same'}`);

  it('has folders first, marks, and what is gone', () => {
    expect(shown('')).toEqual(['folder a changed', 'folder gone removed', 'file ab added', 'file same same']);
    expect(shown('a')).toEqual(['folder a/b added', 'file a/old removed']);
    expect(shown('gone')).toEqual(['file gone/x removed']);
    expect(shown('none')).toEqual([]);
  });
});
