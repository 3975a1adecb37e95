import { grantWords } from '@airlock/protocol/grant-rules';
import { answerSchemas } from '@airlock/protocol/requests';
import type { IconName } from '../../ui/icons.tsx';
import type { Ask, Ending } from './timeline-item.ts';

/** What became of a request, in a line. Its text comes from models and people: show it revealed. */
export function outcomeLine(ask: Ask, ending: Ending | null): { icon: IconName; text: string } {
  if (ending === null || ending.outcome === 'withdrawn') return { icon: 'cross', text: `${noun(ask)} withdrawn` };
  if (ending.outcome === 'expired') return { icon: 'cross', text: expiredLine(ask, ending) };
  switch (ask.kind) {
    case 'form':
      return { icon: 'check', text: 'Answered' };
    case 'question':
      return { icon: 'check', text: questionLine(ending) };
    case 'elicitation':
      return elicitationLine(ask.server, ending);
    case 'plan':
      return planLine(ending);
    case 'tool':
      return toolLine(ask, ending);
  }
}

function toolLine(ask: Extract<Ask, { kind: 'tool' }>, ending: Ending): { icon: IconName; text: string } {
  const answer = answerSchemas.tool.safeParse(ending.inputs).data;
  if (answer?.decision !== 'allow') {
    const how = answer?.interrupt ? 'denied, and Claude stopped' : 'denied';
    return { icon: 'cross', text: `${ask.tool} ${how}${said(answer?.message)}` };
  }
  const always = answer.remember ? `, from now on: ${grantWords(ask.grants ?? []).join(', ')}` : '';
  return { icon: 'check', text: `${ask.tool} allowed${answer.updatedInput ? ' as edited' : ''}${always}` };
}

function elicitationLine(server: string, ending: Ending): { icon: IconName; text: string } {
  const isAccepted = answerSchemas.elicitation.safeParse(ending.inputs).data?.action === 'accept';
  return isAccepted ? { icon: 'check', text: `${server} answered` } : { icon: 'cross', text: `${server} declined` };
}

function planLine(ending: Ending): { icon: IconName; text: string } {
  const answer = answerSchemas.plan.safeParse(ending.inputs).data;
  if (answer?.decision !== 'allow')
    return { icon: 'cross', text: `Changes to the plan asked for${said(answer?.message)}` };
  const how = answer.permissionMode === 'acceptEdits' ? ', edits need no asking' : '';
  return { icon: 'check', text: `Plan approved${how}` };
}

function said(message: string | undefined): string {
  return message ? `: “${message}”` : '';
}

function noun(ask: Ask): string {
  return { form: 'Request', tool: 'Approval', question: 'Question', plan: 'Plan', elicitation: 'Request' }[ask.kind];
}

function expiredLine(ask: Ask, { inputs }: Ending): string {
  return `${noun(ask)} not answered in time${inputs === null ? '' : ', its default was taken'}`;
}

function questionLine(ending: Ending): string {
  const answer = answerSchemas.question.safeParse(ending.inputs);
  return `Answered: ${answer.success ? Object.values(answer.data.answers).join(' · ') : ''}`;
}
