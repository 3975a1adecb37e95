import { describe, expect, it } from 'vitest';
import { toolFields } from './tool-fields.ts';
import { toolSummary } from './tool-summary.ts';

describe('toolFields', () => {
  it('puts the command first and hides nothing but what Claude claims', () => {
    const input = { description: 'List files', timeout: 5, command: 'rm -rf /', run_in_background: true };
    expect(toolFields('Bash', input)).toEqual([
      { label: null, text: 'rm -rf /' },
      { label: 'timeout', text: '5' },
      { label: 'run_in_background', text: 'true' },
    ]);
  });
});

describe('toolSummary', () => {
  it('is the telling field, in one short line', () => {
    expect(toolSummary('Bash', { description: 'x', command: 'a\n  b' })).toBe('a b');
    expect(toolSummary('Read', { file_path: '/workspace/a.txt' })).toBe('/workspace/a.txt');
    expect(toolSummary('Bash', { command: 'x'.repeat(500) })).toHaveLength(160);
  });

  it('falls back to the first text of an unknown tool', () => {
    expect(toolSummary('mcp__x__y', { n: 1, place: 'here' })).toBe('here');
    expect(toolSummary('mcp__x__y', { n: 1 })).toBe('');
  });
});
