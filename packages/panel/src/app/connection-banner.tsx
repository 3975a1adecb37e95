import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../lib/api.ts';
import { connection, useConnection } from '../lib/connection.ts';
import { Spinner } from '../ui/button.tsx';

const askAgainMs = 3000;

/** Says that the server is out of reach and asks for it until it answers; then everything is read anew. */
export function ConnectionBanner() {
  const state = useConnection();
  const client = useQueryClient();

  useEffect(() => {
    const wentOffline = (): void => connection.missed();
    window.addEventListener('offline', wentOffline);
    return () => window.removeEventListener('offline', wentOffline);
  }, []);

  useEffect(() => {
    if (state === 'online') return;
    const ask = (): void => {
      api.health().catch(() => undefined);
    };
    const timer = setInterval(ask, askAgainMs);
    window.addEventListener('online', ask);
    return () => {
      clearInterval(timer);
      window.removeEventListener('online', ask);
      void client.invalidateQueries();
    };
  }, [state, client]);

  return (
    <div role="status">
      {state !== 'online' && (
        <div
          data-testid="connection-banner"
          className="fixed inset-x-0 bottom-[calc(3.5rem+env(safe-area-inset-bottom))] z-30 flex items-center gap-3 border-t border-amber-line bg-amber-soft px-4 py-2 text-sm font-medium text-amber md:bottom-0 md:left-[13.5rem] md:px-8"
        >
          <Spinner />
          {state === 'offline'
            ? 'You are offline. What you type is kept; the page goes on when the network is back.'
            : 'Airlock does not answer. Trying again; what you type is kept.'}
        </div>
      )}
    </div>
  );
}
