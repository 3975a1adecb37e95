import type { Execution } from '@airlock/protocol/api';
import { type ExecutionStatus, isFinal } from '@airlock/protocol/executions';
import type { ContextUse } from '@airlock/protocol/facts';
import type { ReactNode } from 'react';
import { useNow } from '../../lib/clock.ts';
import { formatCost, formatCount, formatDuration, formatMoment, plural, totalTokens } from '../../lib/format.ts';
import { Revealed } from '../../ui/revealed.tsx';
import { StatusChip } from '../status/status-chip.tsx';
import { waitNote } from '../status/wait-note.ts';
import { ExecutionActions } from './execution-actions.tsx';

interface ExecutionHeaderProps {
  execution: Execution;
  status: ExecutionStatus;
  endedAt: string | null;
  /** What it waits for is not for this person to answer. */
  forOthers: boolean;
  /** How full Claude's memory is; null when that is not known. */
  context: ContextUse | null;
}

export function ExecutionHeader({ execution, status, endedAt, forOthers, context }: ExecutionHeaderProps) {
  const { title, startedAt, usage, user, stopping, waitsFor } = execution;
  const note = waitNote({ status, waitsFor });
  const tokens = totalTokens(usage);
  return (
    <header className="sticky top-0 z-20 border-b border-line bg-page/92 backdrop-blur">
      <div className="mx-auto flex w-full max-w-3xl flex-wrap items-center gap-x-4 gap-y-1 px-4 py-3 md:px-8">
        <h1 className="min-w-0 flex-1 truncate text-lg font-semibold tracking-tight">{title}</h1>
        <ExecutionActions id={execution.id} status={status} stopping={stopping !== null} />
        <div className="flex w-full flex-wrap items-center gap-x-4 gap-y-1 text-[0.85rem] text-ink-soft tabular-nums">
          <StatusChip status={status} forOthers={forOthers} testId="execution-status" />
          {note && (
            <span data-testid="progress-note" className="min-w-0 text-ink [overflow-wrap:anywhere]">
              <Revealed text={note} />
            </span>
          )}
          <Figure label="Time">
            <Elapsed startedAt={startedAt} endedAt={endedAt} over={isFinal(status)} />
          </Figure>
          <Figure label="Waited">
            <Waited execution={execution} status={status} />
          </Figure>
          <Figure label="Cost">
            <span
              data-testid="cost"
              title={usage.costMicroUsd === null ? 'The price of this model is not known' : undefined}
            >
              {formatCost(usage.costMicroUsd)}
            </span>
          </Figure>
          <Figure label="Tokens">
            <span
              data-testid="tokens"
              title={`${usage.inputTokens} in, ${usage.outputTokens} out, ${usage.cacheReadTokens} read from cache, ${usage.cacheWriteTokens} written to cache`}
            >
              {tokens === 0 ? '–' : formatCount(tokens)}
            </span>
          </Figure>
          {context && (
            <Figure label="Context">
              <span
                data-testid="context"
                title={`Claude has ${context.tokens.toLocaleString()} tokens in mind; ${context.window.toLocaleString()} fit`}
              >
                {Math.round((context.tokens / context.window) * 100)} %
              </span>
            </Figure>
          )}
          <span className="text-ink-faint max-sm:hidden" title={plural(execution.lastSeq, 'event')}>
            {user}, {formatMoment(startedAt)}
          </span>
        </div>
      </div>
    </header>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <span className="whitespace-nowrap">
      <span className="mr-1 text-ink-faint max-sm:sr-only">{label}</span>
      {children}
    </span>
  );
}

/** How much of the time people were waited for. */
function Waited({ execution: { waitedMs, waitingSince }, status }: Pick<ExecutionHeaderProps, 'execution' | 'status'>) {
  const isWaiting = status === 'awaiting' && waitingSince !== null;
  const now = useNow(isWaiting);
  const ms = waitedMs + (isWaiting ? Math.max(0, now - Date.parse(waitingSince)) : 0);
  return (
    <span data-testid="waited" title="For people">
      {formatDuration(ms)}
    </span>
  );
}

function Elapsed({ startedAt, endedAt, over }: { startedAt: string; endedAt: string | null; over: boolean }) {
  const now = useNow(!over);
  const end = endedAt === null ? now : Date.parse(endedAt);
  return <span data-testid="elapsed">{formatDuration(end - Date.parse(startedAt))}</span>;
}
