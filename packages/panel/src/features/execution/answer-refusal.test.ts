import { type ErrorBody, errorTable } from '@airlock/protocol/errors';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../lib/api-error.ts';
import { explainRefusal } from './answer-refusal.ts';

function refusal(code: ErrorBody['code']) {
  const { status, title, fix } = errorTable[code];
  return explainRefusal(new ApiError(status, { code, title, detail: '', fix }));
}

describe('an answer that was not taken', () => {
  it.each(['already_answered', 'execution_ended', 'withdrawn', 'request_expired'] as const)('is late: %s', (code) => {
    expect(refusal(code)).toMatchObject({ late: true, title: errorTable[code].title });
  });

  it.each(['forbidden', 'service_unavailable', 'owned_elsewhere', 'host_stopping'] as const)('is kept: %s', (code) => {
    expect(refusal(code)).toMatchObject({ late: false, kept: expect.stringMatching(/what you typed/i) });
  });

  it.each(['invalid_inputs', 'internal', 'too_large', 'disk_full'] as const)('is an error: %s', (code) => {
    expect(refusal(code)).toBeNull();
  });
});
