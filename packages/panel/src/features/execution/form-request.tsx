import type { Element } from '@airlock/protocol/elements';
import { useNavigate } from '@tanstack/react-router';
import { ElementsForm } from '../forms/elements-form.tsx';
import { AnswerFailure, RequestFrame } from './request-frame.tsx';
import { requestScope, useAnswer } from './use-answer.ts';

interface FormRequestProps {
  request: string;
  elements: readonly Element[];
  expiresAt: string | null;
}

export function FormRequest({ request, elements, expiresAt }: FormRequestProps) {
  const navigate = useNavigate();
  const { send, busy, error } = useAnswer(request);
  return (
    <RequestFrame title="Your answer is needed" testId="answer-form" expiresAt={expiresAt} focusField>
      <ElementsForm
        elements={elements}
        scope={requestScope(request)}
        submitText="Send"
        submitTestId="answer-submit"
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
