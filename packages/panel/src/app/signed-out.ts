import type { QueryClient } from '@tanstack/react-query';
import type { AnyRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { meQuery } from '../features/auth/me.ts';
import { ApiError } from '../lib/api-error.ts';

/** Leads to the sign-in page, and back afterwards, as soon as any call says the session is over. */
export function useSignedOut(client: QueryClient, router: AnyRouter): void {
  useEffect(() => {
    const check = (error: unknown): void => {
      if (!(error instanceof ApiError) || error.code !== 'unauthenticated') return;
      const { pathname, href } = router.state.location;
      if (pathname === '/login') return;
      void router
        .navigate({ to: '/login', search: { next: href } })
        .then(() => client.removeQueries({ queryKey: meQuery.queryKey }));
    };
    const queries = client.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'error') check(event.action.error);
    });
    const mutations = client.getMutationCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'error') check(event.action.error);
    });
    return () => {
      queries();
      mutations();
    };
  }, [client, router]);
}
