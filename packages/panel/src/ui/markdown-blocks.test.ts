import { describe, expect, it } from 'vitest';
import { openFence, splitMarkdown } from './markdown-blocks.ts';

const cases: Record<string, string[]> = {
  paragraphs: ['One\n\n', 'Two\nstill two\n\n', 'Three'],
  'a fence with blank lines': ['Before\n\n', '```ts\nconst a = 1;\n\nconst b = 2;\n```\n\n', 'After'],
  'a longer fence around a shorter one': ['````\n```\n\nx\n```\n````\n\n', 'After'],
  'a list with blank lines': ['Intro\n\n', '1. one\n\n2. two\n\n   more of two\n\n', 'After'],
  'a list, then a rule': ['- one\n- two\n\n', '# Head\n\n', 'text'],
  'an open fence': ['Before\n\n', '```sh\nls\n\n- not a list\n'],
};

describe('splitMarkdown', () => {
  it.each(Object.entries(cases))('%s', (_, blocks) => {
    expect(splitMarkdown(blocks.join(''))).toEqual(blocks);
  });

  it('text with link definitions is one block', () => {
    const text = 'See [a].\n\nMore\n\n[a]: https://example.com\n';
    expect(splitMarkdown(text)).toEqual([text]);
  });

  it('finished blocks stay the same while text is added', () => {
    const text = Object.values(cases).flat().join('');
    for (let end = 1; end < text.length; end += 7) {
      const blocks = splitMarkdown(text.slice(0, end));
      expect(blocks.join('')).toBe(text.slice(0, end));
    }
  });
});

describe('openFence', () => {
  it('gives the code of an open fence only', () => {
    expect(openFence('```ts\na\n\nb')).toBe('a\n\nb');
    expect(openFence('```ts\na\n```\n')).toBeNull();
    expect(openFence('text')).toBeNull();
  });
});
