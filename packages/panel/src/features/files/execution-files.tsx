import { type FileEntry, type FilePlace, sizeInWords } from '@airlock/protocol/files/file';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, filePath } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { formatMoment, plural } from '../../lib/format.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Empty, Loading } from '../../ui/card.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Icon } from '../../ui/icons.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { FilePreview } from './file-preview.tsx';

interface ExecutionFilesProps {
  id: string;
  /** Grows whenever a file came; the lists are read again then. */
  count: number;
}

/** What people gave an execution, and what came of it. */
export function ExecutionFiles({ id, count }: ExecutionFilesProps) {
  return (
    <div className="space-y-8">
      <Place id={id} place="out" title="Results" count={count}>
        What Claude puts into <code>/workspace/out</code>, and what the service writes, appears here.
      </Place>
      <Place id={id} place="in" title="Given" count={count}>
        Nobody gave this execution a file.
      </Place>
    </div>
  );
}

interface PlaceProps extends ExecutionFilesProps {
  place: FilePlace;
  title: string;
  children: React.ReactNode;
}

function Place({ id, place, title, count, children }: PlaceProps) {
  const { data, error, refetch } = useQuery({ queryKey: ['files', id, place], queryFn: () => api.files(id, place) });
  useEffect(() => {
    if (count > 0) void refetch();
  }, [count, refetch]);
  const items = data?.items ?? [];
  return (
    <section aria-label={title} data-testid={`files-${place}`}>
      <div className="mb-2 flex min-h-10 items-center justify-between gap-3">
        <h2 className="text-sm font-semibold">
          {title}
          {items.length > 0 && <span className="ml-2 font-normal text-ink-faint">{summaryOf(items)}</span>}
        </h2>
        {items.length > 1 && (
          <a href={`${filePath(id, place)}?as=zip`} download className={buttonClass('plain')}>
            Download all
          </a>
        )}
      </div>
      {error && <ErrorNotice error={ApiError.from(error)} />}
      {!data && !error && <Loading label="Loading the files" rows={1} />}
      {data && items.length === 0 && <Empty title="No files">{children}</Empty>}
      {items.length > 0 && (
        <ul className="divide-y divide-line rounded-xl border border-line bg-surface">
          {items.map((file) => (
            <FileRow key={file.path} file={file} address={filePath(id, place, file.path)} />
          ))}
        </ul>
      )}
    </section>
  );
}

function summaryOf(items: readonly FileEntry[]): string {
  const bytes = items.reduce((sum, { size }) => sum + size, 0);
  return `${plural(items.length, 'file')}, ${sizeInWords(bytes)}`;
}

function FileRow({ file, address }: { file: FileEntry; address: string }) {
  const { path, size, sha256, by, at } = file;
  return (
    <li className="flex items-start gap-2 px-4 py-1.5">
      <Disclosure
        className="flex-1"
        icon="file"
        testId="file"
        summary={
          <span className="flex min-w-0 flex-1 flex-wrap items-baseline justify-between gap-x-3">
            <span className="min-w-0 font-medium text-ink [overflow-wrap:anywhere]">{path}</span>
            <span className="tabular-nums">{sizeInWords(size)}</span>
          </span>
        }
      >
        {() => (
          <div className="space-y-3">
            <FilePreview path={path} size={size} address={address} />
            <p className="text-[0.83rem] text-ink-faint [overflow-wrap:anywhere]">
              {by ?? 'From the work'}, {formatMoment(at)} · SHA-256{' '}
              <code className="font-mono select-all">{sha256}</code>
            </p>
          </div>
        )}
      </Disclosure>
      <a
        href={address}
        download
        aria-label={`Download ${path}`}
        className="mt-0.5 flex size-9 shrink-0 items-center justify-center rounded-lg text-ink-faint hover:bg-sunken hover:text-ink"
      >
        <Icon name="down" className="size-4.5" />
      </a>
    </li>
  );
}
