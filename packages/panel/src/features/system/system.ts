import { queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api.ts';

export const systemQuery = queryOptions({ queryKey: ['system'], queryFn: api.system, staleTime: 60_000 });

/** Fails with the reason when the host cannot start sessions. */
export const readyQuery = queryOptions({
  queryKey: ['ready'],
  queryFn: api.ready,
  retry: false,
  refetchInterval: 20_000,
});
