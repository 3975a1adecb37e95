import type { SessionAsk } from '@airlock/protocol/requests';
import { useId, useState } from 'react';
import { useDraft } from '../../lib/draft.ts';
import { Button } from '../../ui/button.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { AnswerFailure, RequestFrame, type RequestProps } from './request-frame.tsx';
import { requestScope, useAnswer } from './use-answer.ts';

export type PlanAsk = Extract<SessionAsk, { kind: 'plan' }>;

/** Claude has planned and asks to begin. */
export function PlanRequest({ ask, ...about }: RequestProps & { ask: PlanAsk }) {
  return (
    <RequestFrame title="Claude has a plan" testId="plan-request" {...about} focusField={false}>
      <div data-testid="plan">
        <Markdown text={ask.plan} />
      </div>
      {about.answerers === null && <Decision request={about.request} />}
    </RequestFrame>
  );
}

function Decision({ request }: { request: string }) {
  const id = useId();
  const { send, busy, error } = useAnswer(request);
  const { draft, set } = useDraft(requestScope(request), { message: '' });
  const [missing, setMissing] = useState(false);
  const typed = typeof draft.message === 'string' ? draft.message : '';
  const change = () => {
    setMissing(typed.trim() === '');
    if (typed.trim() !== '') send({ decision: 'deny', message: typed.trim() });
  };
  return (
    <>
      <Field id={id} label="What to change" errors={missing ? ['Say what to change'] : []}>
        <textarea
          id={id}
          data-testid="plan-message"
          rows={1}
          maxLength={10_000}
          aria-invalid={missing}
          className={`${inputClass} field-sizing-content max-h-48`}
          value={typed}
          onChange={(event) => set('message', event.target.value)}
        />
      </Field>
      <AnswerFailure error={error} />
      <div className="flex flex-wrap gap-2">
        <Button look="primary" busy={busy} data-testid="plan-approve" onClick={() => send({ decision: 'allow' })}>
          Approve
        </Button>
        <Button
          disabled={busy}
          data-testid="plan-approve-edits"
          onClick={() => send({ decision: 'allow', permissionMode: 'acceptEdits' })}
        >
          Approve, edit files without asking
        </Button>
        <Button disabled={busy} data-testid="plan-change" onClick={change}>
          Ask for changes
        </Button>
      </div>
    </>
  );
}
