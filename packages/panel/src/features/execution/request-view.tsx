import type { User } from '@airlock/protocol/api';
import { howHanded, mayAnswer, whoMayAnswer, whyAsked } from '@airlock/protocol/assign';
import { useMe } from '../auth/me.ts';
import { ElicitationRequest } from './elicitation-request.tsx';
import { EndedRequest } from './ended-request.tsx';
import { FormRequest } from './form-request.tsx';
import { PlanRequest } from './plan-request.tsx';
import { QuestionRequest } from './question-request.tsx';
import type { RequestProps } from './request-frame.tsx';
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
  const why = answerers === null ? whyFor(item, owner, me) : null;
  const handed = handedFor(item, me);
  const shared = { request, expiresAt, answerers, why, handed, reminders: item.reminders };
  switch (ask.kind) {
    case 'form':
      return <FormRequest {...shared} elements={ask.elements} />;
    case 'tool':
      return <ToolRequest {...shared} ask={ask} />;
    case 'question':
      return <QuestionRequest {...shared} ask={ask} />;
    case 'elicitation':
      return <ElicitationRequest {...shared} ask={ask} />;
    case 'plan':
      return <PlanRequest {...shared} ask={ask} />;
  }
}

/** Why somebody else than who started the execution is asked; that one knows, and of a request handed on it is said. */
function whyFor({ assign, handed }: ItemOf<'request'>, owner: string, me: User): string | null {
  return handed !== null || me.name === owner ? null : whyAsked({ assign: assign ?? undefined, owner }, me);
}

function handedFor({ handed }: ItemOf<'request'>, me: User): RequestProps['handed'] {
  if (handed === null) return null;
  return { how: howHanded({ by: handed.by ?? undefined, to: handed.to ?? undefined }, me), note: handed.note };
}
