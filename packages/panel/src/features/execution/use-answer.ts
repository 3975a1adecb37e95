import type { JsonObject } from '@airlock/protocol/json';
import { useIsMutating, useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { dropDraft, readDraft } from '../../lib/draft.ts';

export const requestScope = (request: string): string => `request:${request}`;

/** Sends an answer. The draft is dropped only when the server has it on disk. */
export function useAnswer(request: string) {
  const mutation = useMutation({
    mutationKey: ['answer', request],
    mutationFn: (inputs: JsonObject) => api.answer(request, inputs),
    onSuccess: () => dropDraft(requestScope(request)),
  });
  return {
    send: mutation.mutate,
    /** Stays true after success, until the log says that the request has ended. */
    busy: mutation.isPending || mutation.isSuccess,
    error: mutation.error && ApiError.from(mutation.error),
  };
}

/** What was typed for a request that somebody else ended meanwhile; empty when nothing was. */
export function useUnsentDraft(request: string) {
  const sending = useIsMutating({ mutationKey: ['answer', request] }) > 0;
  const [dropped, setDropped] = useState(false);
  const draft = sending || dropped ? null : readDraft(requestScope(request));
  const texts = Object.values(draft ?? {}).filter((value) => typeof value === 'string' && value.trim() !== '');
  const drop = (): void => {
    dropDraft(requestScope(request));
    setDropped(true);
  };
  return { text: texts.join('\n\n'), drop };
}
