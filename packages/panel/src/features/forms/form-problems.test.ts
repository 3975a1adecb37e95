import type { Element } from '@airlock/protocol/elements';
import { fieldsOf } from '@airlock/protocol/forms/fields';
import { describe, expect, it } from 'vitest';
import { problemsOf, visibleErrors } from './form-problems.ts';

const typed = { label: null, value: null, required: true, placeholder: null };
const elements: Element[] = [
  { type: 'text', name: 'who', ...typed, max_length: null },
  { type: 'number', name: 'count', ...typed, required: false, min_value: null, max_value: null, step: null },
  { type: 'datetime-local', name: 'when', ...typed, min_datetime: null, max_datetime: null, step: null },
];
const none: ReadonlySet<string> = new Set();

describe('problems', () => {
  it('are named by field', () => {
    const draft = { who: ' ', count: '', when: '2026-11-25T09:30' };
    expect(problemsOf(fieldsOf(elements), draft, none)).toEqual({ who: ['A value is required'] });
  });

  it('say what is half typed, which a browser gives as nothing', () => {
    const draft = { who: 'me', count: '', when: '' };
    expect(problemsOf(fieldsOf(elements), draft, new Set(['count', 'when']))).toEqual({
      count: ['Expected a number'],
      when: ['Expected a complete date and time'],
    });
  });
});

describe('errors to show', () => {
  const problems = { who: ['A value is required'], count: ['Expected a number'] };
  const server = { who: ['Unknown'], when: ['Taken'], _global_: ['Not now'] };

  it('are those of fields left, and those of the server', () => {
    const seen = { problems, server, isJudged: (name: string) => name === 'who', overtaken: none };
    expect(visibleErrors(seen)).toEqual({ who: ['A value is required'], when: ['Taken'], _global_: ['Not now'] });
  });

  it('lose what the server said of a value that has changed', () => {
    const seen = { problems: {}, server, isJudged: () => true, overtaken: new Set(['who', 'when']) };
    expect(visibleErrors(seen)).toEqual({ _global_: ['Not now'] });
  });
});
