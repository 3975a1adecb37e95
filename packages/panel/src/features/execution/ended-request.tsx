import { type JsonObject, jsonObjectSchema } from '@airlock/protocol/json';
import { formatTime } from '../../lib/format.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { DiffView } from '../../ui/diff-view.tsx';
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
          {() => (
            <div className="space-y-3">
              <EditDiff item={item} ending={ending} />
              <CodeBlock text={JSON.stringify(ending.inputs, null, 2)} />
            </div>
          )}
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

/** What a person changed in a call before it ran. */
function EditDiff({ item: { ask }, ending }: { item: ItemOf<'request'>; ending: Ending }) {
  const updated = ask.kind === 'tool' ? jsonObjectSchema.safeParse(ending.inputs?.updatedInput).data : undefined;
  if (ask.kind !== 'tool' || !updated) return null;
  const text = (input: JsonObject) =>
    Object.keys({ ...ask.input, ...updated })
      .map((name) => `${name}: ${typeof input[name] === 'string' ? input[name] : JSON.stringify(input[name], null, 2)}`)
      .join('\n');
  return <DiffView before={text(ask.input)} after={text(updated)} label="Edited" />;
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
