import type { SessionAsk } from '@airlock/protocol/requests';
import { Button, buttonClass } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { ElementsForm } from '../forms/elements-form.tsx';
import { AnswerFailure, RequestFrame, type RequestProps } from './request-frame.tsx';
import { requestScope, useAnswer } from './use-answer.ts';

export type ElicitationAsk = Extract<SessionAsk, { kind: 'elicitation' }>;

/** An MCP server in the container asks a person for something. What it says is its own, and shown as such. */
export function ElicitationRequest({ ask, ...about }: RequestProps & { ask: ElicitationAsk }) {
  const { request, answerers } = about;
  const { send, busy, error } = useAnswer(request);
  const mayAnswer = answerers === null;
  return (
    <RequestFrame title="A tool asks you" testId="elicitation-request" {...about} focusField={false}>
      <p className="[overflow-wrap:anywhere]">
        The MCP server <Revealed text={ask.server} exact /> says: “<Revealed text={ask.message} />”
      </p>
      {ask.url !== undefined && <Address url={ask.url} />}
      {ask.url === undefined && !ask.elements && (
        <p className="text-sm text-ink-soft">What it asks for cannot be shown as a form: it can only be declined.</p>
      )}
      {ask.elements && (
        <ElementsForm
          elements={ask.elements}
          scope={requestScope(request)}
          submitText="Send"
          submitTestId="elicitation-send"
          readOnly={!mayAnswer}
          busy={busy}
          errors={error?.fields ?? noErrors}
          onSubmit={(content) => send({ action: 'accept', content })}
        />
      )}
      <AnswerFailure error={error} />
      {mayAnswer && (
        <div className="flex flex-wrap gap-2">
          {ask.url !== undefined && (
            <Button
              look="primary"
              busy={busy}
              data-testid="elicitation-done"
              onClick={() => send({ action: 'accept' })}
            >
              I have done it
            </Button>
          )}
          <Button
            look="danger"
            disabled={busy}
            data-testid="elicitation-decline"
            onClick={() => send({ action: 'decline' })}
          >
            Decline
          </Button>
        </div>
      )}
    </RequestFrame>
  );
}

const noErrors = {};

/** Where it wants people to go, in full; only what a browser opens safely can be opened. */
function Address({ url }: { url: string }) {
  const isWeb = URL.canParse(url) && ['https:', 'http:'].includes(new URL(url).protocol);
  return (
    <>
      <CodeBlock text={url} label="It wants you to open" />
      {isWeb && (
        <a className={buttonClass('plain')} href={url} target="_blank" rel="noopener noreferrer">
          Open {new URL(url).host}
        </a>
      )}
    </>
  );
}
