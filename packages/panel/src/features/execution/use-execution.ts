import { errorTable } from '@airlock/protocol/errors';
import { useMutationState, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { isUntold } from '../status/wait-note.ts';
import { createTimelineStore, type TimelineView } from './timeline-store.ts';

const settleMs = 250;
const progressMs = 3000;

/** The timeline of an execution, followed while the page is open. */
export function useTimeline(id: string): TimelineView {
  const store = useMemo(() => createTimelineStore(id), [id]);
  useEffect(() => store.start(), [store]);
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Names the deletion of an execution. */
export const deletionKey = (id: string) => ['delete', id] as const;

/** What the host would answer; a page that is still open need not ask it. */
function deleted(id: string): ApiError {
  const { status, title, fix } = errorTable.not_found;
  return new ApiError(status, { code: 'not_found', title, detail: `Execution ${id} was deleted`, fix });
}

/** The execution's record; read again shortly after each event that may change it, and not while it is deleted. */
export function useExecution(id: string, recordSeq: number) {
  const client = useQueryClient();
  const deletions = useMutationState({
    filters: { mutationKey: deletionKey(id) },
    select: (mutation) => mutation.state.status,
  });
  const query = useQuery({
    queryKey: ['execution', id],
    queryFn: () => (deletions.includes('success') ? Promise.reject(deleted(id)) : api.execution(id)),
    // Neither a place in the queue nor the way to the end is told by events.
    refetchInterval: ({ state }) => (state.data && isUntold(state.data) ? progressMs : false),
    enabled: !deletions.includes('pending'),
  });
  useEffect(() => {
    if (recordSeq === 0) return;
    const timer = setTimeout(() => {
      void client.invalidateQueries({ queryKey: ['execution', id] });
      void client.invalidateQueries({ queryKey: ['inbox'] });
    }, settleMs);
    return () => clearTimeout(timer);
  }, [client, id, recordSeq]);
  return query;
}
