import { expect, it } from 'vitest';
import { retryText } from './retry-text.ts';

const retry = { attempt: 1, maxRetries: 3, delayMs: 2000, status: null, reason: 'ECONNRESET' };

it.each([
  [{ ...retry, status: 529 }, 'Model overloaded, trying again in 2 s, attempt 1'],
  [{ ...retry, status: 429, delayMs: 10 }, 'Model rate-limited, trying again in 1 s, attempt 1'],
  [retry, 'Model failed (ECONNRESET), trying again in 2 s, attempt 1'],
  [{ ...retry, step: 'pay' }, 'Step “pay” failed, trying again in 2 s, attempt 2 of 4 · ECONNRESET'],
  [
    { ...retry, step: 'pay', maxRetries: 0, delayMs: 0, reason: 'cut short' },
    'Step “pay” failed, trying again now, attempt 2 · cut short',
  ],
])('%j', (payload, text) => {
  expect(retryText(payload)).toBe(text);
});
