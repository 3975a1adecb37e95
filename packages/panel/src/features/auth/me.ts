import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { api } from '../../lib/api.ts';

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => api.me(signal),
  staleTime: 5 * 60_000,
});

/** The signed-in person; only for pages behind the sign-in. */
export function useMe() {
  return useSuspenseQuery(meQuery).data;
}
