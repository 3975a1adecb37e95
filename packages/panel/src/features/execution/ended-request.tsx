import { formatTime } from '../../lib/format.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { outcomeLine } from './request-outcome.ts';
import type { Ending, ItemOf } from './timeline-item.ts';
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
