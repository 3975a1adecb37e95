import type { SessionAsk } from '@airlock/protocol/requests';
import { useId } from 'react';
import { useDraft } from '../../lib/draft.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { AnswerFailure, RequestFrame, type RequestProps } from './request-frame.tsx';
import { toolClaim, toolFields } from './tool-fields.ts';
import { requestScope, useAnswer } from './use-answer.ts';

export type ToolAsk = Extract<SessionAsk, { kind: 'tool' }>;

interface ToolRequestProps extends RequestProps {
  ask: ToolAsk;
}

/** May Claude run this? Shows exactly what would run, and takes no answer from a stray key. */
export function ToolRequest({ ask, ...about }: ToolRequestProps) {
  const { request, answerers } = about;
  return (
    <RequestFrame title="Claude asks to use a tool" testId="tool-request" {...about} focusField={false}>
      <div className="space-y-4">
        <ToolCallInFull ask={ask} />
        {answerers === null && <Verdict request={request} />}
      </div>
    </RequestFrame>
  );
}

function Verdict({ request }: { request: string }) {
  const { send, busy, error } = useAnswer(request);
  const { draft, set } = useDraft(requestScope(request), { message: '' });
  const typed = typeof draft.message === 'string' ? draft.message : '';
  const message = typed.trim();
  return (
    <>
      <MessageField value={typed} onChange={(text) => set('message', text)} />
      <AnswerFailure error={error} />
      <div className="flex flex-wrap gap-2">
        <Button look="primary" busy={busy} data-testid="tool-allow" onClick={() => send({ decision: 'allow' })}>
          Allow
        </Button>
        <Button
          look="danger"
          disabled={busy}
          data-testid="tool-deny"
          onClick={() => send(message === '' ? { decision: 'deny' } : { decision: 'deny', message })}
        >
          Deny
        </Button>
      </div>
    </>
  );
}

function ToolCallInFull({ ask }: { ask: ToolAsk }) {
  const claim = ask.description ?? toolClaim(ask.input);
  return (
    <>
      <div>
        <p className="text-lg font-semibold tracking-tight [overflow-wrap:anywhere]">
          <Revealed text={ask.tool} exact />
        </p>
        {claim && (
          <p className="text-sm text-ink-soft">
            Claude says: “<Revealed text={claim} />”
          </p>
        )}
        {ask.reason && (
          <p className="text-sm text-ink-soft">
            Asked because: <Revealed text={ask.reason} />
          </p>
        )}
      </div>
      {toolFields(ask.tool, ask.input).map(({ label, text }) => (
        <CodeBlock key={label ?? ''} text={text} {...(label !== null && { label })} />
      ))}
      <Disclosure summary="Full input as JSON">
        {() => <CodeBlock text={JSON.stringify(ask.input, null, 2)} lines={200} />}
      </Disclosure>
    </>
  );
}

function MessageField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const id = useId();
  return (
    <Field id={id} label="If you deny: what Claude should do instead (optional)">
      <textarea
        id={id}
        data-testid="tool-message"
        rows={1}
        maxLength={10_000}
        className={`${inputClass} field-sizing-content max-h-48`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
