import { queryOptions, useQuery } from '@tanstack/react-query';
import { api } from '../../lib/api.ts';

export const inboxQuery = queryOptions({ queryKey: ['inbox'], queryFn: () => api.inbox(), refetchInterval: 10_000 });

export function useInboxCount(): { count: number; more: boolean } {
  const { data } = useQuery(inboxQuery);
  return { count: data?.items.length ?? 0, more: data?.next != null };
}
