import { Spinner } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import type { ItemOf } from './timeline-item.ts';
import { toolFields } from './tool-fields.ts';
import { toolSummary } from './tool-summary.ts';

/** A tool call in a line; its input and result unfold. */
export function ToolCall({ item, over }: { item: ItemOf<'tool'>; over: boolean }) {
  const { tool, input, outcome } = item;
  const summary = (
    <>
      <span className="font-medium text-ink">
        <Revealed text={tool} />
      </span>
      <span className="min-w-0 flex-1 truncate font-mono text-[0.83rem]">
        <Revealed text={toolSummary(tool, input)} />
      </span>
      {outcome === null && !over && <Spinner className="size-3.5" />}
      {outcome?.isError && <span className="font-medium text-red">failed</span>}
      {outcome?.truncated && <span className="text-[0.8rem] text-ink-faint">shortened</span>}
    </>
  );
  return (
    <Disclosure icon="tool" summary={summary} testId="tool-call">
      {() => (
        <div className="space-y-3">
          {toolFields(tool, input).map(({ label, text }) => (
            <CodeBlock key={label ?? ''} text={text} {...(label !== null && { label })} />
          ))}
          {outcome && (
            <div data-testid="tool-result">
              <CodeBlock text={outcome.text || '(nothing)'} label={outcome.isError ? 'Error' : 'Result'} />
              {outcome.truncated && (
                <p className="mt-1 text-[0.83rem] text-ink-faint">The result was longer; the rest was not kept.</p>
              )}
            </div>
          )}
        </div>
      )}
    </Disclosure>
  );
}
