import type { Request } from '@airlock/protocol/requests';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { useNow } from '../../lib/clock.ts';
import { formatAgo, formatMoment } from '../../lib/format.ts';
import { useTitle } from '../../lib/title.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Loading } from '../../ui/card.tsx';
import { Chip } from '../../ui/chip.tsx';
import { FilterChips } from '../../ui/filter-chips.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import type { InboxSearch } from './inbox-search.ts';
import { describeRequest } from './request-line.ts';

export function InboxPage() {
  useTitle('Inbox');
  const search = useSearch({ from: '/signed-in/inbox' });
  return (
    <Page title="Inbox" lead="What waits for a person, the most urgent first.">
      <KindFilter search={search} />
      <InboxList search={search} />
    </Page>
  );
}

const kinds = {
  all: 'All',
  form: 'Answers',
  tool: 'Approvals',
  question: 'Questions',
  plan: 'Plans',
  elicitation: 'Tools that ask',
} as const;

function KindFilter({ search }: { search: InboxSearch }) {
  const navigate = useNavigate({ from: '/inbox' });
  return (
    <FilterChips
      label="Kind"
      options={[undefined, 'form', 'tool', 'question', 'plan', 'elicitation']}
      chosen={search.kind}
      text={(kind) => kinds[kind ?? 'all']}
      onChoose={(kind) => void navigate({ search: { kind }, replace: true })}
    />
  );
}

function InboxList({ search }: { search: InboxSearch }) {
  const list = useInfiniteQuery({
    queryKey: ['inbox', search],
    queryFn: ({ pageParam }) => api.inbox({ ...search, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
  if (list.isPending) return <Loading label="Loading the inbox" />;
  if (!list.data) return <ErrorNotice error={ApiError.from(list.error)} />;
  const requests = list.data.pages.flatMap((page) => page.items);
  if (requests.length === 0 && search.kind !== undefined) {
    return <Empty title="Nothing of this kind waits for you">Others may: choose All.</Empty>;
  }
  if (requests.length === 0) {
    return <Empty title="Nothing waits for you">Requests of running executions appear here by themselves.</Empty>;
  }
  return (
    <>
      <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface shadow-card">
        {requests.map((request) => (
          <InboxRow key={request.id} request={request} />
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="text-center">
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} data-testid="load-more">
            Load more
          </Button>
        </div>
      )}
    </>
  );
}

function InboxRow({ request }: { request: Request }) {
  const now = useNow(true, 30_000);
  const { label, text } = describeRequest(request);
  return (
    <li>
      <Link
        to="/executions/$id"
        params={{ id: request.execution }}
        data-testid="inbox-row"
        className="flex flex-col gap-1.5 px-5 py-4 -outline-offset-2 hover:bg-sunken sm:flex-row sm:items-center sm:gap-4"
      >
        <span className="sm:w-32">
          <Chip tone="amber">{label}</Chip>
        </span>
        <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
          <span className="line-clamp-2 text-[0.95rem]">
            <Revealed text={text} />
          </span>
          <span className="mt-0.5 block text-[0.83rem] text-ink-soft" data-testid="inbox-why">
            {request.origin && `${request.origin.title}, started by ${request.origin.user}. `}
            {request.why}
            {request.handed?.note !== undefined && (
              <>
                {': “'}
                <Revealed text={request.handed.note} />”
              </>
            )}
          </span>
        </span>
        <span className="text-right text-[0.83rem] whitespace-nowrap text-ink-faint tabular-nums max-sm:text-left">
          {formatAgo(request.createdAt, now)}
          {request.expiresAt && <span className="block">until {formatMoment(request.expiresAt)}</span>}
          {request.remindedAt && <span className="block">reminded {formatAgo(request.remindedAt, now)}</span>}
        </span>
      </Link>
    </li>
  );
}
