import { describe, expect, it } from 'vitest';
import { outcomeLine } from './request-outcome.ts';
import type { Ask, Ending } from './timeline-item.ts';

const form: Ask = { kind: 'form', name: 'approve', elements: [] };
const tool: Ask = { kind: 'tool', tool: 'Bash', input: { command: 'ls' }, toolUseId: 't' };
const ending = (more: Partial<Ending>): Ending => ({ outcome: 'answered', at: '', by: null, inputs: null, ...more });

describe('how a request ended', () => {
  it.each([
    [form, null, 'Request withdrawn'],
    [form, ending({ inputs: { ok: true } }), 'Answered'],
    [form, ending({ outcome: 'withdrawn' }), 'Request withdrawn'],
    [form, ending({ outcome: 'expired' }), 'Request not answered in time'],
    [
      form,
      ending({ outcome: 'expired', inputs: { ok: false } }),
      'Request not answered in time, its default was taken',
    ],
    [tool, ending({ outcome: 'expired' }), 'Approval not answered in time'],
    [tool, ending({ inputs: { decision: 'allow' } }), 'Bash allowed'],
    [tool, ending({ inputs: { decision: 'deny', message: 'no' } }), 'Bash denied: “no”'],
  ])('%j, %j', (ask, how, text) => {
    expect(outcomeLine(ask, how).text).toBe(text);
  });
});
