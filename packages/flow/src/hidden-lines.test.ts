import { describe, expect, it } from 'vitest';
import { hiddenLineFilter, stripHiddenLines } from './hidden-lines.ts';

const lines = ['[TASK_COMPLETE]'];

describe('stripHiddenLines', () => {
  it.each([
    ['All done.\n\n[TASK_COMPLETE]', 'All done.\n\n'],
    ['[TASK_COMPLETE]\n', ''],
    ['a\n  [TASK_COMPLETE] \r\nb', 'a\nb'],
    ['a [TASK_COMPLETE]\nb', 'a [TASK_COMPLETE]\nb'],
    ['[TASK_COMPLETE]!\n', '[TASK_COMPLETE]!\n'],
    ['a\n\n \n', 'a\n\n \n'],
    ['', ''],
  ])('%j becomes %j', (text, shown) => {
    expect(stripHiddenLines(text, lines)).toBe(shown);
  });

  it('hides nothing without lines', () => {
    expect(stripHiddenLines('a\n\nb', ['', ' '])).toBe('a\n\nb');
  });
});

describe('hiddenLineFilter', () => {
  it('shows in pieces what stripHiddenLines shows at once, wherever the text is cut', () => {
    const text = 'One [TASK\n[TASK_X\n [TASK_COMPLETE]\t\n\nlast\n[TASK_COMPLETE]';
    for (let a = 0; a <= text.length; a += 1) {
      for (let b = a; b <= text.length; b += 1) {
        const filter = hiddenLineFilter(lines);
        const pieces = [text.slice(0, a), text.slice(a, b), text.slice(b)];
        const shown = pieces.map((piece) => filter.push(piece)).join('') + filter.end();
        expect(shown).toBe(stripHiddenLines(text, lines));
      }
    }
  });

  it('holds back only a line that could still become a hidden one', () => {
    const filter = hiddenLineFilter(lines);
    expect(filter.push('Hello')).toBe('Hello');
    expect(filter.push(' [TASK_')).toBe(' [TASK_');
    expect(filter.push('\n[TA')).toBe('\n');
    expect(filter.push('SKS] are')).toBe('[TASKS] are');
    expect(filter.push('\n[TASK_COMPLETE]')).toBe('\n');
    expect(filter.end()).toBe('');
  });
});
