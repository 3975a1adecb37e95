import { describe, expect, it } from 'vitest';
import { formatCost, formatTime } from './summary.ts';

describe('formatTime', () => {
  it.each([
    [0, '0 s'],
    [499, '0 s'],
    [59_600, '1 min'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [3_661_000, '1 h 1 min'],
    [7 * 86_400_000, '7 d'],
  ])('%i ms is %j', (ms, text) => {
    expect(formatTime(ms)).toBe(text);
  });
});

describe('formatCost', () => {
  it.each([
    [null, 'unknown'],
    [0, '$0.00'],
    [123, '$0.0001'],
    [999_999, '$1.0000'],
    [12_345_678, '$12.35'],
  ])('%j is %j', (cost, text) => {
    expect(formatCost(cost)).toBe(text);
  });
});
