import type { NoDiff, Workspace, WorkspaceChange } from '@airlock/protocol/files/workspace';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type ChangesQuery, changesPath } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { plural } from '../../lib/format.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Empty, Loading } from '../../ui/card.tsx';
import { Chip } from '../../ui/chip.tsx';
import { UnifiedDiff } from '../../ui/diff-view.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { FilterChips } from '../../ui/filter-chips.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { changeTones, changeWords } from './workspace-folder.tsx';

interface WorkspaceChangesProps {
  id: string;
  session: string;
  turns: Workspace['turns'];
  moment: string;
}

type Since = 'turn';

/** What changed since the start, or in the last turn. */
export function WorkspaceChanges({ id, session, turns, moment }: WorkspaceChangesProps) {
  const [since, setSince] = useState<Since>();
  const query: ChangesQuery = { session, ...spanOf(since, turns) };
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['changes', id, query, moment],
    queryFn: ({ pageParam }) => api.changes(id, { ...query, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const total = data?.pages[0]?.total ?? 0;
  return (
    <section aria-label="Changes" data-testid="workspace-changes">
      <div className="mb-2 flex min-h-10 flex-wrap items-center justify-between gap-3">
        <h2 className="text-sm font-semibold">
          Changes
          {total > 0 && <span className="ml-2 font-normal text-ink-faint">{plural(total, 'file')}</span>}
        </h2>
        {total > 0 && (
          <a href={changesPath(id, { ...query, as: 'patch' })} download className={buttonClass('plain')}>
            Download as patch
          </a>
        )}
      </div>
      {turns.length > 0 && (
        <div className="mb-3">
          <FilterChips
            label="Changes since"
            options={[undefined, 'turn']}
            chosen={since}
            text={(option) => (option === undefined ? 'Since the start' : 'In the last turn')}
            onChoose={setSince}
          />
        </div>
      )}
      {error && <ErrorNotice error={ApiError.from(error)} />}
      {!data && !error && <Loading label="Loading the changes" rows={1} />}
      {data && items.length === 0 && <Empty title="No changes" />}
      {items.length > 0 && (
        <ul className="divide-y divide-line rounded-xl border border-line bg-surface">
          {items.map((change) => (
            <li key={change.address} className="px-4 py-1.5">
              <Disclosure icon="file" testId="workspace-change" summary={<Summary {...change} />}>
                {() => <Difference id={id} query={{ ...query, path: change.address, diffs: 'true' }} moment={moment} />}
              </Disclosure>
            </li>
          ))}
        </ul>
      )}
      {hasNextPage && (
        <Button className="mt-2" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More
        </Button>
      )}
    </section>
  );
}

function spanOf(since: Since | undefined, turns: Workspace['turns']): { from: string; to: string } {
  const last = turns.length;
  if (since === undefined || last === 0) return { from: 'start', to: 'now' };
  return { from: last === 1 ? 'start' : String(last - 1), to: String(last) };
}

function Summary({ path, change }: WorkspaceChange) {
  return (
    <span className="flex min-w-0 flex-1 flex-wrap items-center justify-between gap-x-3">
      <span className="min-w-0 font-medium text-ink [overflow-wrap:anywhere]">
        <Revealed text={path} />
      </span>
      <Chip tone={changeTones[change]}>{changeWords[change]}</Chip>
    </span>
  );
}

const reasons: Record<NoDiff, string> = {
  no_file: 'This is no plain file.',
  binary: 'This is no text.',
  too_large: 'It is too large to be compared.',
  not_kept: 'It is too large, or there is too much of it, for what was in it to be kept.',
  list_full: 'There are too many differences to show this one.',
};

function Difference({ id, query, moment }: { id: string; query: ChangesQuery; moment: string }) {
  const { data, error } = useQuery({
    queryKey: ['difference', id, query, moment],
    queryFn: () => api.changes(id, query),
    placeholderData: keepPreviousData,
  });
  if (error) return <ErrorNotice error={ApiError.from(error)} />;
  if (!data) return <Loading label="Loading the difference" rows={1} />;
  const { diff, noDiff } = data.items[0] ?? {};
  if (diff) return <UnifiedDiff diff={diff} />;
  const words = noDiff ? reasons[noDiff] : diff === '' ? 'Only its name or its right to be run.' : 'It is as it was.';
  return <p className="text-sm text-ink-soft">{words}</p>;
}
