import { sizeInWords } from '@airlock/protocol/files/file';
import type { Inside } from '@airlock/protocol/inside';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { useNow } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/format.ts';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Meter } from '../../ui/meter.tsx';
import { ProcessTable } from './process-table.tsx';
import { SessionLog } from './session-log.tsx';

const everyMs = 2_000;

/** What goes on in the container of a session now, asked for again and again while it is looked at. */
export function InsideView({ id, title }: { id: string; title: string }) {
  const { data, error, dataUpdatedAt } = useQuery({
    queryKey: ['inside', id],
    queryFn: ({ signal }) => api.inside(id, signal),
    // Stops by itself while the page is hidden, and when this is not shown any more.
    refetchInterval: everyMs,
    staleTime: 0,
    retry: false,
  });
  return (
    <section aria-label={`Inside, ${title}`} data-testid="inside" className="mb-8">
      <h3 className="mb-3 text-sm font-semibold">Inside now</h3>
      {error && <NoAnswer error={ApiError.from(error)} since={data ? dataUpdatedAt : null} />}
      {data?.why && (
        <p data-testid="inside-nothing" className="text-sm text-ink-soft">
          {data.why}.
        </p>
      )}
      {!data && !error && <p className="text-sm text-ink-soft">Looking…</p>}
      {data?.container && <Container of={data.container} />}
      <Disclosure summary="What was printed in the container" testId="session-log" className="mt-4">
        {() => <SessionLog id={id} />}
      </Disclosure>
    </section>
  );
}

function NoAnswer({ error, since }: { error: ApiError; since: number | null }) {
  const now = useNow(true);
  return (
    <p role="status" data-testid="inside-old" className="mb-3 text-sm text-amber [overflow-wrap:anywhere]">
      {since === null ? 'No answer' : `No answer for ${formatDuration(now - since)}`}: {error.detail || error.title}
    </p>
  );
}

type Seen = NonNullable<Inside['container']>;

function Container({ of }: { of: Seen }) {
  const { cpu, memory, pids, workspace, processes, isCut } = of;
  return (
    <>
      <div className="mb-5 grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-4">
        <Meter
          name="CPU"
          value={cpu.cores}
          limit={cpu.limit}
          words={`${cpu.cores.toFixed(2)} of ${cpu.limit}`}
          mayBeFull
        />
        <Meter name="Memory" value={memory.bytes} limit={memory.limit} words={sizes(memory)} />
        <Meter name="Workspace" value={workspace.bytes ?? 0} limit={workspace.limit} words={sizes(workspace)} />
        <Meter name="Threads" value={pids.count} limit={pids.limit} words={`${pids.count} of ${pids.limit}`} />
      </div>
      <ProcessTable processes={processes} isCut={isCut} />
    </>
  );
}

function sizes({ bytes, limit }: { bytes: number | null; limit: number }): string {
  return `${bytes === null ? '–' : sizeInWords(bytes)} of ${sizeInWords(limit)}`;
}
