import { sizeInWords } from '@airlock/protocol/files/file';
import type { WorkspaceEntry } from '@airlock/protocol/files/workspace';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { api, workspaceFilePath } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { Button } from '../../ui/button.tsx';
import { Loading } from '../../ui/card.tsx';
import { Chip, type Tone } from '../../ui/chip.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Icon } from '../../ui/icons.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { FilePreview } from './file-preview.tsx';

interface WorkspaceFolderProps {
  id: string;
  session: string;
  /** Its address; empty: the workspace itself. */
  folder: string;
  moment: string;
}

/** What is in one folder; those in it are read when they are opened. */
export function WorkspaceFolder({ id, session, folder, moment }: WorkspaceFolderProps) {
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['workspace-folder', id, session, folder, moment],
    queryFn: ({ pageParam }) => api.workspace(id, { session, folder, cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
  if (error) return <ErrorNotice error={ApiError.from(error)} />;
  if (!data) return <Loading label="Loading the folder" rows={1} />;
  const items = data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <p className="text-sm text-ink-soft">The folder is empty.</p>;
  return (
    <>
      <ul className="divide-y divide-line rounded-xl border border-line bg-surface">
        {items.map((entry) => (
          <EntryRow key={entry.address} {...{ id, session, entry, moment }} />
        ))}
      </ul>
      {hasNextPage && (
        <Button className="mt-2" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More
        </Button>
      )}
    </>
  );
}

interface EntryRowProps extends Omit<WorkspaceFolderProps, 'folder'> {
  entry: WorkspaceEntry;
}

/** What git keeps for itself is not listed. */
const notLookedInto = '.git';

const words = { link: 'link', pipe: 'pipe', socket: 'socket', device: 'device' } as const;
export const changeTones = { added: 'green', changed: 'amber', removed: 'red' } as const satisfies Record<string, Tone>;
export const changeWords = { added: 'new', changed: 'changed', removed: 'removed' } as const;

function EntryRow({ id, session, entry, moment }: EntryRowProps) {
  const { path, kind, size, address, change, links } = entry;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isGone = change === 'removed';
  const summary = (
    <span className="flex min-w-0 flex-1 flex-wrap items-baseline justify-between gap-x-3">
      <span
        className={`min-w-0 font-medium [overflow-wrap:anywhere] ${isGone ? 'text-ink-soft line-through' : 'text-ink'}`}
      >
        <Revealed text={kind === 'folder' ? `${name}/` : name} />
      </span>
      <span className="flex items-center gap-2 tabular-nums">
        {links > 1 && <span>{links} names</span>}
        {kind === 'file'
          ? sizeInWords(size)
          : kind === 'folder'
            ? name === notLookedInto
              ? 'not looked into'
              : ''
            : words[kind]}
        {change && <Chip tone={changeTones[change]}>{changeWords[change]}</Chip>}
      </span>
    </span>
  );
  if (kind === 'folder' && name !== notLookedInto) {
    return (
      <li className="px-4 py-1.5">
        <Disclosure testId="workspace-entry" summary={summary}>
          {() => (
            <div className="pl-2">
              <WorkspaceFolder id={id} session={session} folder={address} moment={moment} />
            </div>
          )}
        </Disclosure>
      </li>
    );
  }
  if (kind !== 'file' || isGone) {
    return (
      <li className="flex min-h-9 items-center gap-2 px-4 py-1.5 text-sm text-ink-soft" data-testid="workspace-entry">
        {summary}
        {entry.target !== undefined && (
          <span className="[overflow-wrap:anywhere]">
            to <Revealed text={entry.target} exact />
          </span>
        )}
      </li>
    );
  }
  const file = workspaceFilePath(id, address, session);
  return (
    <li className="flex items-start gap-2 px-4 py-1.5">
      <Disclosure className="flex-1" icon="file" testId="workspace-entry" summary={summary}>
        {() => <FilePreview path={path} size={size} address={file} />}
      </Disclosure>
      <DownloadLink path={path} address={file} />
    </li>
  );
}

export function DownloadLink({ path, address }: { path: string; address: string }) {
  return (
    <a
      href={address}
      download
      aria-label={`Download ${path}`}
      className="mt-0.5 flex size-9 shrink-0 items-center justify-center rounded-lg text-ink-faint hover:bg-sunken hover:text-ink"
    >
      <Icon name="down" className="size-4.5" />
    </a>
  );
}
