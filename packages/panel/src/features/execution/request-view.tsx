import { EndedRequest } from './ended-request.tsx';
import { FormRequest } from './form-request.tsx';
import { QuestionRequest } from './question-request.tsx';
import type { ItemOf } from './timeline-item.ts';
import { ToolRequest } from './tool-request.tsx';

/** A request in its place in the conversation: to be answered, or how it ended. */
export function RequestView({ item, over }: { item: ItemOf<'request'>; over: boolean }) {
  const { request, ask, expiresAt, ending } = item;
  if (ending !== null || over) return <EndedRequest item={item} ending={ending} />;
  switch (ask.kind) {
    case 'form':
      return <FormRequest request={request} elements={ask.elements} expiresAt={expiresAt} />;
    case 'tool':
      return <ToolRequest request={request} ask={ask} expiresAt={expiresAt} />;
    case 'question':
      return <QuestionRequest request={request} ask={ask} expiresAt={expiresAt} />;
  }
}
