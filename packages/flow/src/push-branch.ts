import { preparedSchema } from '@airlock/protocol/repository';
import type { ContextPort } from './context-port.ts';
import { type Form, form, markdown, select, submit, textarea } from './form.ts';
import { makeCall } from './make-call.ts';

export interface PushOptions {
  /** What is in no commit is committed with this message before; without it, only commits are pushed. */
  readonly message?: string;
  /** How long a person has to agree. Default: as long as for any lock of the service. */
  readonly expiresMs?: number;
}

/** What came of it. */
export type Pushed =
  | { readonly kind: 'pushed'; readonly commit: string }
  | { readonly kind: 'refused'; readonly comment: string }
  /** There was nothing new. */
  | { readonly kind: 'nothing' };

interface Decision {
  readonly decision: string;
  readonly comment: string;
}

type Ask = (name: string, question: Form<Decision>, options: { expiresMs?: number }) => Promise<Decision>;

/** Fetches what is new, asks people, and pushes what they were shown. */
export async function pushBranch(
  port: ContextPort,
  ask: Ask,
  session: string,
  branch: string,
  { message, expiresMs }: PushOptions,
): Promise<Pushed> {
  const prepare = { kind: 'branch_prepare', session, ...(message === undefined ? {} : { message }) } as const;
  const { url, commit, commits, stat } = preparedSchema.parse(await makeCall(port, prepare).outcome);
  if (commit === null) return { kind: 'nothing' };
  const question = form({
    about: markdown(
      [
        `Push ${commits === 1 ? 'one commit' : `${commits} commits`} as branch \`${branch}\` to ${url}?`,
        '',
        ...fenced(stat),
        `Commit ${commit}`,
      ].join('\n'),
    ),
    decision: select({
      label: 'Decision',
      required: true,
      options: [
        { name: 'push', label: 'Push it' },
        { name: 'refuse', label: 'Do not push' },
      ],
    }),
    comment: textarea({ label: 'Comment', maxLength: 2_000 }),
    send: submit('Decide'),
  });
  const { decision, comment } = await ask('push-branch', question, expiresMs === undefined ? {} : { expiresMs });
  if (decision !== 'push') return { kind: 'refused', comment };
  await makeCall(port, { kind: 'branch_push', session, branch, commit }).outcome;
  return { kind: 'pushed', commit };
}

/** As text alone, whatever is in it: its names are the agent's. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...(text.match(/~+/g) ?? []).map((run) => run.length));
  const fence = '~'.repeat(longest + 1);
  return [fence, text, fence, ''];
}
