import { mayAnswer, whoMayAnswer } from '@airlock/protocol/assign';
import { useMe } from '../auth/me.ts';
import { EndedRequest } from './ended-request.tsx';
import { FormRequest } from './form-request.tsx';
import { QuestionRequest } from './question-request.tsx';
import type { ItemOf } from './timeline-item.ts';
import { ToolRequest } from './tool-request.tsx';

interface RequestViewProps {
  item: ItemOf<'request'>;
  over: boolean;
  /** Whose execution it is. */
  owner: string;
}

/** A request in its place in the conversation: to be answered, to be read by those who may not, or how it ended. */
export function RequestView({ item, over, owner }: RequestViewProps) {
  const me = useMe();
  const { request, ask, expiresAt, ending } = item;
  if (ending !== null || over) return <EndedRequest item={item} ending={ending} />;
  const assign = item.assign ?? undefined;
  const answerers = mayAnswer(assign, me, owner) ? null : whoMayAnswer(assign, owner);
  const shared = { request, expiresAt, answerers, handed: item.handed, reminders: item.reminders };
  switch (ask.kind) {
    case 'form':
      return <FormRequest {...shared} elements={ask.elements} />;
    case 'tool':
      return <ToolRequest {...shared} ask={ask} />;
    case 'question':
      return <QuestionRequest {...shared} ask={ask} />;
  }
}
