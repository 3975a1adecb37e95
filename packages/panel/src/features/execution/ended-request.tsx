import { answerSchemas } from '@airlock/protocol/requests';
import { formatTime } from '../../lib/format.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import type { Ask, Ending, ItemOf } from './timeline-item.ts';
import { useUnsentDraft } from './use-answer.ts';

/** What became of a request, in a line, with the answer to unfold. `ending` is null when the execution ended first. */
export function EndedRequest({ item, ending }: { item: ItemOf<'request'>; ending: Ending | null }) {
  const { icon, text } = outcomeLine(item.ask, ending);
  const line = (
    <span className="min-w-0 [overflow-wrap:anywhere]" data-testid="request-ended">
      <Revealed text={text} />
      {ending?.by && ` by ${ending.by}`}
      {ending && <span className="text-ink-faint tabular-nums"> · {formatTime(ending.at)}</span>}
    </span>
  );
  return (
    <div>
      {ending?.inputs ? (
        <Disclosure icon={icon} summary={line}>
          {() => <CodeBlock text={JSON.stringify(ending.inputs, null, 2)} />}
        </Disclosure>
      ) : (
        <p className="flex min-h-9 items-center gap-2 text-sm text-ink-soft">
          <Icon name={icon} className="size-4 text-ink-faint" />
          {line}
        </p>
      )}
      <UnsentDraft request={item.request} />
    </div>
  );
}

function outcomeLine(ask: Ask, ending: Ending | null): { icon: IconName; text: string } {
  if (ending === null || ending.outcome === 'withdrawn') return { icon: 'cross', text: `${noun(ask)} withdrawn` };
  if (ending.outcome === 'expired') return { icon: 'cross', text: `${noun(ask)} not answered in time` };
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

function deniedLine(tool: string, ending: Ending): string {
  const answer = answerSchemas.tool.safeParse(ending.inputs);
  const message = answer.success ? answer.data.message : undefined;
  return message ? `${tool} denied: “${message}”` : `${tool} denied`;
}

function questionLine(ending: Ending): string {
  const answer = answerSchemas.question.safeParse(ending.inputs);
  return `Answered: ${answer.success ? Object.values(answer.data.answers).join(' · ') : ''}`;
}

function UnsentDraft({ request }: { request: string }) {
  const { text, drop } = useUnsentDraft(request);
  if (text === '') return null;
  return (
    <Notice tone="attention" title="Your own answer was not sent" testId="unsent-draft">
      <p className="mt-1 whitespace-pre-wrap text-ink-soft [overflow-wrap:anywhere]">{text}</p>
      <button type="button" onClick={drop} className="mt-2 font-medium text-amber underline underline-offset-2">
        Discard it
      </button>
    </Notice>
  );
}
