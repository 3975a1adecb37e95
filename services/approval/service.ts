import type { Ctx } from '@airlock/flow/context';
import { form, markdown, number, select, submit, text, textarea } from '@airlock/flow/form';
import { defineService, type Service } from '@airlock/flow/service';

const hourMs = 60 * 60 * 1000;

const launchForm = form({
  release: text({ label: 'What is to be released', required: true, maxLength: 200 }),
  first: text({ label: 'First to approve', maxLength: 100, placeholder: 'A user; empty: an administrator' }),
  second: text({ label: 'Second to approve', maxLength: 100, placeholder: 'A user; empty: an administrator' }),
  hours: number({ label: 'Hours they have', value: 24, min: 1, max: 120, required: true }),
  start: submit('Ask for approval'),
});

interface Inputs {
  readonly release: string;
  readonly first: string;
  readonly second: string;
  readonly hours: number;
}

/** Ends the wait for the other person, too. */
class Refusal extends Error {}

async function approve(ctx: Ctx<Inputs>, name: string, user: string): Promise<void> {
  const question = form({
    ask: markdown(`Shall “${ctx.inputs.release}” be released? Please decide within ${ctx.inputs.hours} hours.`),
    decision: select({
      label: 'Decision',
      required: true,
      options: [
        { name: 'approve', label: 'Approve' },
        { name: 'refuse', label: 'Refuse' },
      ],
    }),
    comment: textarea({ label: 'Comment', maxLength: 2000 }),
    send: submit('Decide'),
  });
  const assign = user === '' ? { roles: ['admin' as const] } : { users: [user] };
  const { decision, comment } = await ctx.lock(name, question, { assign });
  if (decision === 'refuse') throw new Refusal(`The ${name} refused. ${comment}`.trim());
  await ctx.tracer.text(`The ${name} approved. ${comment}`.trim());
}

/** Why it is not released; null when both have approved in time. */
async function objection(ctx: Ctx<Inputs>): Promise<string | null> {
  const { first, second, hours } = ctx.inputs;
  try {
    return await ctx.race({
      people: async () => {
        await Promise.all([approve(ctx, 'first', first), approve(ctx, 'second', second)]);
        return null;
      },
      deadline: async () => {
        await ctx.sleep(hours * hourMs);
        return `Not approved within ${hours} hours.`;
      },
    });
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.message;
    throw thrown;
  }
}

export interface ApprovalOptions {
  /** What a release does to the outside; what it gives is shown. It may run more than once. Default: it is noted. */
  readonly publish?: (release: string) => Promise<string>;
}

async function note(release: string): Promise<string> {
  process.stdout.write(`Released: ${release}\n`);
  return 'noted';
}

/** Two people approve a release at the same time, against a deadline; then it is made, and tried again when that fails. */
export function approval({ publish = note }: ApprovalOptions = {}): Service {
  return defineService({
    name: 'approval',
    title: 'Approval',
    description: 'Two people approve a release within a deadline.',
    tags: ['example'],
    form: launchForm,
    async run(ctx) {
      const { release } = ctx.inputs;
      const reason = await objection(ctx);
      if (reason !== null) return `“${release}” is not released. ${reason}`;
      const published = await ctx.step('publish', () => publish(release), { retry: { attempts: 5, delayMs: 5000 } });
      return `“${release}” is released: ${published}.`;
    },
  });
}

export default approval();
