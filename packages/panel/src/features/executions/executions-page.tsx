import type { ExecutionSummary } from '@airlock/protocol/api';
import { isFinal } from '@airlock/protocol/executions';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { useNow } from '../../lib/clock.ts';
import { formatAgo, formatCost, formatDuration, plural } from '../../lib/format.ts';
import { useTitle } from '../../lib/title.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Empty, Loading } from '../../ui/card.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { StatusChip } from '../status/status-chip.tsx';
import { waitNow } from '../status/wait-note.ts';
import { ExecutionFilters } from './execution-filters.tsx';
import type { ExecutionsSearch } from './executions-search.ts';

export function ExecutionsPage() {
  useTitle('Executions');
  const search = useSearch({ from: '/signed-in/executions' });
  return (
    <Page title="Executions" lead="Everything that runs or ran, newest first.">
      <ExecutionFilters search={search} />
      <ExecutionList search={search} />
    </Page>
  );
}

function ExecutionList({ search }: { search: ExecutionsSearch }) {
  const list = useInfiniteQuery({
    queryKey: ['executions', search],
    queryFn: ({ pageParam, signal }) => api.executions({ ...search, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
  if (list.isPending) return <Loading label="Loading the executions" rows={5} />;
  if (!list.data) return <ErrorNotice error={ApiError.from(list.error)} />;
  const executions = list.data.pages.flatMap((page) => page.items);
  const more = (label: string) => (
    <div className="text-center">
      <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="load-more">
        {label}
      </Button>
    </div>
  );
  if (executions.length === 0 && list.hasNextPage) {
    return <Empty title="Nothing among the newest matches">{more('Look further back')}</Empty>;
  }
  if (executions.length === 0) return <NoExecutions filtered={search.q !== undefined || search.status !== undefined} />;
  return (
    <>
      <ul
        className={`divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface shadow-card ${list.isPlaceholderData ? 'opacity-60' : ''}`}
      >
        {executions.map((execution) => (
          <ExecutionRow key={execution.id} execution={execution} />
        ))}
      </ul>
      {list.hasNextPage && more('Load more')}
    </>
  );
}

function NoExecutions({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="Nothing matches">Try other words or another status.</Empty>;
  return (
    <Empty title="Nothing has run yet">
      <Link to="/" className={`${buttonClass('primary')} mt-4`}>
        Start a service
      </Link>
    </Empty>
  );
}

function ExecutionRow({ execution }: { execution: ExecutionSummary }) {
  const { id, title, excerpt, status, awaiting, user, startedAt, usage } = execution;
  const now = useNow(true, 20_000);
  const wait = waitNow(execution);
  return (
    <li>
      <Link
        to="/executions/$id"
        params={{ id }}
        data-testid="executions-row"
        className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 px-5 py-3.5 -outline-offset-2 hover:bg-sunken"
      >
        <span className="truncate text-[0.95rem] font-medium">{excerpt || title}</span>
        <StatusChip status={status} />
        <span className="col-span-2 flex justify-between gap-4 text-[0.83rem] text-ink-faint tabular-nums">
          <span className="truncate">
            {title} · {user} · {formatAgo(startedAt, now)} · {lasted(execution, now)} · {formatCost(usage.costMicroUsd)}
          </span>
          {wait && wait.kind !== 'person' && (
            <span className="max-w-1/2 truncate">
              <Revealed text={wait.text} />
            </span>
          )}
          {awaiting > 0 && !isFinal(status) && (
            <span className="whitespace-nowrap text-amber">{plural(awaiting, 'open request')}</span>
          )}
        </span>
      </Link>
    </li>
  );
}

function lasted({ startedAt, endedAt }: ExecutionSummary, now: number): string {
  return formatDuration((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt));
}
