import { describe, expect, it } from 'vitest';
import { costMicroUsd } from './prices.ts';

const none = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, hourTokens: 0 };
const million = 1_000_000;

describe('costMicroUsd()', () => {
  it.each([
    ['claude-opus-4-5-20251101', 5, 25],
    ['claude-opus-4-20250514', 15, 75],
    ['claude-opus-4-1', 15, 75],
    ['claude-sonnet-4-5', 3, 15],
    ['claude-sonnet-5[1m]', 2, 10],
    ['claude-haiku-4-5-20251001', 1, 5],
    ['claude-opus-5-5', 4, 20],
  ])('takes for a million tokens of %s $%d in and $%d out', (model, input, output) => {
    expect(costMicroUsd(model, { ...none, inputTokens: million })).toBe(input * million);
    expect(costMicroUsd(model, { ...none, outputTokens: million })).toBe(output * million);
  });

  it('prices the cache by how long its entries live', () => {
    const model = 'claude-opus-4-8';
    expect(costMicroUsd(model, { ...none, cacheReadTokens: million })).toBe(500_000);
    expect(costMicroUsd(model, { ...none, cacheWriteTokens: million })).toBe(6_250_000);
    expect(costMicroUsd(model, { ...none, cacheWriteTokens: million, hourTokens: million })).toBe(10_000_000);
  });

  it('takes the price of long prompts by the whole prompt', () => {
    const model = 'claude-haiku-5-5';
    expect(costMicroUsd(model, { ...none, inputTokens: 100_000 })).toBe(10_000);
    expect(costMicroUsd(model, { ...none, inputTokens: 50_000, cacheReadTokens: 60_000 })).toBe(28_000);
  });

  it('rounds up to whole millionths', () => {
    expect(costMicroUsd('claude-haiku-5-5', { ...none, inputTokens: 1 })).toBe(1);
  });

  it('knows no price of a model it does not know', () => {
    expect(costMicroUsd('claude-test', { ...none, inputTokens: 1 })).toBeNull();
  });
});
