import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { Log } from '../log/log.ts';
import { realTiming } from '../log/timing.ts';
import type { ApiDeps, ApiEnv } from './context.ts';
import { follow } from './viewer.ts';

interface Source {
  readonly log: Log;
  readonly execution: string;
  /** The last event of its log, so that nobody waits for numbers that were never given. */
  readonly lastSeq: number;
  readonly logger: ApiDeps['logger'];
}

/**
 * Streams an execution's events: stored ones after `Last-Event-ID`, then what comes. Writes to Node's own response,
 * because the bytes are the same for all viewers.
 */
export function serveEvents(c: Context<ApiEnv>, { log, execution, lastSeq, logger }: Source): Response {
  const response = c.env.outgoing;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write('retry: 1000\n\n');
  const after = Math.min(seqOf(c.req.header('last-event-id')), lastSeq);
  follow({ outlet: response, log, execution, after, timing: realTiming }).catch((error: unknown) => {
    logger.error({ execution, error }, 'A viewer was let go');
    response.destroy();
  });
  return RESPONSE_ALREADY_SENT;
}

function seqOf(lastEventId: string | undefined): number {
  const seq = Number(lastEventId ?? 0);
  return Number.isSafeInteger(seq) && seq > 0 ? seq : 0;
}
