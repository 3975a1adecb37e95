import { useIsMutating, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { api } from '../../lib/api.ts';
import { createTimelineStore, type TimelineView } from './timeline-store.ts';

const settleMs = 250;

/** The timeline of an execution, followed while the page is open. */
export function useTimeline(id: string): TimelineView {
  const store = useMemo(() => createTimelineStore(id), [id]);
  useEffect(() => store.start(), [store]);
  return useSyncExternalStore(store.subscribe, store.get);
}

/** Names the deletion of an execution, which lasts until its page is left. */
export const deletionKey = (id: string) => ['delete', id] as const;

/** The execution's record; read again shortly after each event that may change it, and not while it is deleted. */
export function useExecution(id: string, recordSeq: number) {
  const client = useQueryClient();
  const enabled = useIsMutating({ mutationKey: deletionKey(id) }) === 0;
  const query = useQuery({ queryKey: ['execution', id], queryFn: () => api.execution(id), enabled });
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
