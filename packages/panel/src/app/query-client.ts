import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../lib/api-error.ts';

/** What the server refused it will refuse again; what got no answer is tried twice more. */
function worthRetrying(failures: number, error: Error): boolean {
  const status = error instanceof ApiError ? error.status : 0;
  return failures < 2 && (status === 0 || status >= 502) && !(error instanceof ApiError && error.code === 'unreadable');
}

export const queryClient = new QueryClient({
  defaultOptions: {
    // The banner tells about lost connections; paused calls would say nothing.
    queries: { retry: worthRetrying, staleTime: 5000, networkMode: 'always' },
    mutations: { retry: false, networkMode: 'always' },
  },
});
