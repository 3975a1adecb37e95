import type { Element } from '@airlock/protocol/elements';
import { useNavigate } from '@tanstack/react-router';
import { ElementsForm } from '../forms/elements-form.tsx';
import { AnswerFailure, RequestFrame, type RequestProps } from './request-frame.tsx';
import { requestScope, useAnswer } from './use-answer.ts';

interface FormRequestProps extends RequestProps {
  elements: readonly Element[];
}

export function FormRequest({ elements, ...about }: FormRequestProps) {
  const { request, answerers } = about;
  const navigate = useNavigate();
  const { send, busy, error } = useAnswer(request);
  return (
    <RequestFrame
      title={answerers === null ? 'Your answer is needed' : 'An answer is needed'}
      testId="answer-form"
      {...about}
      focusField
    >
      <ElementsForm
        elements={elements}
        scope={requestScope(request)}
        submitText="Send"
        submitTestId="answer-submit"
        readOnly={answerers !== null}
        busy={busy}
        errors={error?.fields ?? noErrors}
        failure={<AnswerFailure error={error} />}
        onSubmit={send}
        onCancel={() => void navigate({ to: '/executions' })}
      />
    </RequestFrame>
  );
}

const noErrors = {};
