import { useQuery } from '@tanstack/react-query';
import { ApiError } from '../../lib/api-error.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { readyQuery } from './system.ts';

/** Why nothing can be started now; nothing at all when all is well. */
export function ReadinessNotice() {
  const { error } = useQuery(readyQuery);
  if (!error) return null;
  const told = ApiError.from(error);
  // A lost connection has a banner of its own.
  return told.status === 0 ? null : <ErrorNotice error={told} testId="not-ready" />;
}
