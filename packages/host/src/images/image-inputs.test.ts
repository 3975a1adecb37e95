import { describe, expect, it } from 'vitest';
import { hashInputs } from './image-inputs.ts';

const a = { path: 'image/a', content: Buffer.from('1') };
const b = { path: 'image/b', content: Buffer.from('2') };
const versions = { node: '24.0.0', sdk: '0.3.0', arch: 'x64' };

describe('hashInputs', () => {
  const hash = hashInputs([a, b], versions);

  it('does not depend on order', () => {
    expect(hashInputs([b, a], { sdk: '0.3.0', arch: 'x64', node: '24.0.0' })).toBe(hash);
  });

  it.each([
    ['a content', [a, { ...b, content: Buffer.from('3') }], versions],
    ['a path', [a, { ...b, path: 'image/c' }], versions],
    ['one file fewer', [a], versions],
    [
      'bytes moved between files',
      [
        { ...a, content: Buffer.from('12') },
        { ...b, content: Buffer.from('') },
      ],
      versions,
    ],
    ['a version', [a, b], { ...versions, sdk: '0.3.1' }],
  ])('changes with %s', (_name, files, with_) => {
    expect(hashInputs(files, with_)).not.toBe(hash);
  });
});
