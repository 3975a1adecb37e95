import { answerSchemas } from '@airlock/protocol/requests';
import type { IconName } from '../../ui/icons.tsx';
import type { Ask, Ending } from './timeline-item.ts';

/** What became of a request, in a line. Its text comes from models and people: show it revealed. */
export function outcomeLine(ask: Ask, ending: Ending | null): { icon: IconName; text: string } {
  if (ending === null || ending.outcome === 'withdrawn') return { icon: 'cross', text: `${noun(ask)} withdrawn` };
  if (ending.outcome === 'expired') return { icon: 'cross', text: expiredLine(ask, ending) };
  if (ask.kind === 'form') return { icon: 'check', text: 'Answered' };
  if (ask.kind === 'question') return { icon: 'check', text: questionLine(ending) };
  const answer = answerSchemas.tool.safeParse(ending.inputs);
  const allowed = answer.success && answer.data.decision === 'allow';
  return allowed
    ? { icon: 'check', text: `${ask.tool} allowed` }
    : { icon: 'cross', text: deniedLine(ask.tool, ending) };
}

function noun(ask: Ask): string {
  return { form: 'Request', tool: 'Approval', question: 'Question' }[ask.kind];
}

function expiredLine(ask: Ask, { inputs }: Ending): string {
  return `${noun(ask)} not answered in time${inputs === null ? '' : ', its default was taken'}`;
}

function deniedLine(tool: string, ending: Ending): string {
  const answer = answerSchemas.tool.safeParse(ending.inputs);
  const message = answer.success ? answer.data.message : undefined;
  return message ? `${tool} denied: “${message}”` : `${tool} denied`;
}

function questionLine(ending: Ending): string {
  const answer = answerSchemas.question.safeParse(ending.inputs);
  return `Answered: ${answer.success ? Object.values(answer.data.answers).join(' · ') : ''}`;
}
