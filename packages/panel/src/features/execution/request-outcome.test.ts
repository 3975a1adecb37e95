import { describe, expect, it } from 'vitest';
import { outcomeLine } from './request-outcome.ts';
import type { Ask, Ending } from './timeline-item.ts';

const form: Ask = { kind: 'form', name: 'approve', elements: [] };
const tool: Ask = { kind: 'tool', tool: 'Bash', input: { command: 'ls' }, toolUseId: 't' };
const always: Ask = {
  ...tool,
  grants: [{ type: 'addRules', behavior: 'allow', rules: [{ toolName: 'Bash', ruleContent: 'ls:*' }] }],
};
const plan: Ask = { kind: 'plan', toolUseId: 't', plan: '# Plan' };
const elicitation: Ask = { kind: 'elicitation', server: 'db', message: 'Who?' };
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
    [tool, ending({ inputs: { decision: 'deny', interrupt: true } }), 'Bash denied, and Claude stopped'],
    [tool, ending({ inputs: { decision: 'allow', updatedInput: {} } }), 'Bash allowed as edited'],
    [always, ending({ inputs: { decision: 'allow', remember: true } }), 'Bash allowed, from now on: Bash(ls:*)'],
    [plan, ending({ inputs: { decision: 'allow' } }), 'Plan approved'],
    [plan, ending({ inputs: { decision: 'deny', message: 'Shorter' } }), 'Changes to the plan asked for: “Shorter”'],
    [elicitation, ending({ inputs: { action: 'accept', content: {} } }), 'db answered'],
    [elicitation, ending({ inputs: { action: 'decline' } }), 'db declined'],
    [elicitation, ending({ outcome: 'expired' }), 'Request not answered in time'],
  ])('%j, %j', (ask, how, text) => {
    expect(outcomeLine(ask, how).text).toBe(text);
  });
});
