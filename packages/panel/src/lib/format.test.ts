import { describe, expect, it } from 'vitest';
import { formatAgo, formatCost, formatCount, formatDuration } from './format.ts';

describe('formats', () => {
  it('durations', () => {
    expect([-5, 999, 42_000, 187_000, 7_509_000, 273_600_000].map(formatDuration)).toEqual([
      '0 s',
      '0 s',
      '42 s',
      '3:07',
      '2:05:09',
      '3 d 4 h',
    ]);
  });

  it('costs', () => {
    expect([null, 0, 1234, 250_000, 12_345_678].map(formatCost)).toEqual(['–', '$0.00', '$0.0012', '$0.25', '$12.35']);
  });

  it('counts', () => {
    expect([0, 999, 1000, 12_345, 999_999, 1_250_000].map(formatCount)).toEqual([
      '0',
      '999',
      '1 k',
      '12.3 k',
      '1 M',
      '1.25 M',
    ]);
  });

  it('moments ago', () => {
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(formatAgo('2026-01-01T23:59:40Z', now)).toBe('just now');
    expect(formatAgo('2026-01-01T23:30:00Z', now)).toBe('30 min ago');
    expect(formatAgo('2026-01-01T20:00:00Z', now)).toBe('4 h ago');
  });
});
