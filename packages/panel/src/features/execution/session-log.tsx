import type { SessionLog as Printed } from '@airlock/protocol/inside';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { formatMoment, formatTime } from '../../lib/format.ts';
import { Loading } from '../../ui/card.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';

const everyMs = 5_000;

/** What the runner and Claude Code printed, and how the containers before ended. */
export function SessionLog({ id }: { id: string }) {
  const { data, error } = useQuery({
    queryKey: ['session-log', id],
    queryFn: () => api.sessionLog(id),
    refetchInterval: everyMs,
    staleTime: 0,
  });
  if (!data) return error ? <ErrorNotice error={ApiError.from(error)} /> : <Loading label="Loading the log" rows={1} />;
  const { why, lines, earlier } = data;
  return (
    <div className="space-y-4">
      {earlier.length > 0 && <Earlier ends={earlier} />}
      {why && <p className="text-ink-soft">{why}.</p>}
      {lines.length > 0 && <Lines lines={lines} />}
    </div>
  );
}

function Earlier({ ends }: { ends: Printed['earlier'] }) {
  return (
    <div data-testid="earlier-ends">
      <h4 className="mb-1 font-medium">How containers before it ended</h4>
      <ul className="space-y-1.5">
        {ends.map(({ at, text }) => (
          <li key={at}>
            <span className="mr-2 text-ink-faint tabular-nums">{formatMoment(at)}</span>
            <span className="font-mono text-[0.78rem] whitespace-pre-wrap [overflow-wrap:anywhere]">
              <Revealed text={text} exact />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Lines({ lines }: { lines: Printed['lines'] }) {
  return (
    <ol className="space-y-0.5 font-mono text-[0.78rem]" data-testid="log-lines">
      {lines.map(({ at, by, text }, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name, and none is moved.
        <li key={n} className="flex gap-3 max-sm:flex-wrap max-sm:gap-x-2">
          <span className="shrink-0 text-ink-faint tabular-nums">{formatTime(at)}</span>
          <span className="w-12 shrink-0 text-ink-faint">{by}</span>
          <span className="min-w-0 whitespace-pre-wrap [overflow-wrap:anywhere]">
            <Revealed text={text} exact />
          </span>
        </li>
      ))}
    </ol>
  );
}
