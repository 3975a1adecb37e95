import { whoMayAnswer } from '@airlock/protocol/assign';
import type { Request } from '@airlock/protocol/requests';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ApiError } from '../../lib/api-error.ts';
import { useNow } from '../../lib/clock.ts';
import { formatAgo, formatMoment } from '../../lib/format.ts';
import { useTitle } from '../../lib/title.ts';
import { Empty, Loading } from '../../ui/card.tsx';
import { Chip } from '../../ui/chip.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { inboxQuery } from './inbox.ts';
import { describeRequest } from './request-line.ts';

export function InboxPage() {
  useTitle('Inbox');
  return (
    <Page title="Inbox" lead="What waits for a person, the most urgent first.">
      <InboxList />
    </Page>
  );
}

function InboxList() {
  const { data, error, isPending } = useQuery(inboxQuery);
  if (isPending) return <Loading label="Loading the inbox" />;
  if (error) return <ErrorNotice error={ApiError.from(error)} />;
  if (data.items.length === 0) {
    return <Empty title="Nothing waits for you">Requests of running executions appear here by themselves.</Empty>;
  }
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-xl border border-line bg-surface shadow-card">
      {data.items.map((request) => (
        <InboxRow key={request.id} request={request} />
      ))}
    </ul>
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
        <span className="line-clamp-2 min-w-0 flex-1 text-[0.95rem] [overflow-wrap:anywhere]">
          <Revealed text={text} />
        </span>
        <span className="text-right text-[0.83rem] whitespace-nowrap text-ink-faint tabular-nums max-sm:text-left">
          {formatAgo(request.createdAt, now)}
          {request.expiresAt && <span className="block">until {formatMoment(request.expiresAt)}</span>}
          {request.assign && <span className="block">for {whoMayAnswer(request.assign, 'its owner')}</span>}
          {request.handed && (
            <span className="block">
              {request.handed.by ? `handed on by ${request.handed.by}` : 'nobody answered in time'}
            </span>
          )}
          {request.remindedAt && <span className="block">reminded {formatAgo(request.remindedAt, now)}</span>}
        </span>
      </Link>
    </li>
  );
}
