import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import { type Log, type LogFrame, toSse } from '../log/log.ts';
import type { ApiDeps, ApiEnv } from './context.ts';

interface Source {
  readonly log: Log;
  readonly execution: string;
  readonly logger: ApiDeps['logger'];
}

const pageSize = 500;
const keepAliveMs = 15_000;
/** A viewer that does not read this much is let go; it comes back and resumes. */
const maxUnsentBytes = 8 * 1024 * 1024;

/**
 * Streams an execution's events: stored ones after `Last-Event-ID`, then what comes, without loss or repeat. Frames
 * are written as they were serialised once for all viewers.
 */
export function serveEvents(c: Context<ApiEnv>, source: Source): Response {
  const response = c.env.outgoing;
  const after = Number(c.req.header('last-event-id') ?? 0);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write('retry: 1000\n\n');
  stream(response, source, Number.isSafeInteger(after) && after > 0 ? after : 0).catch((error: unknown) => {
    source.logger.error({ execution: source.execution, error }, 'A viewer was let go');
    response.destroy();
  });
  return RESPONSE_ALREADY_SENT;
}

async function stream(response: ServerResponse, { log, execution }: Source, after: number): Promise<void> {
  let sent = after;
  let held: LogFrame[] | undefined = [];

  function send(frame: LogFrame): void {
    if (frame.kind === 'event') {
      if (frame.event.seq <= sent) return;
      sent = frame.event.seq;
    }
    if (response.writableLength > maxUnsentBytes) response.destroy();
    else response.write(frame.sse);
  }

  const unsubscribe = log.subscribe(execution, (frame) => {
    if (held) held.push(frame);
    else send(frame);
  });
  const keepAlive = setInterval(() => response.write(': alive\n\n'), keepAliveMs);
  response.once('close', () => {
    unsubscribe();
    clearInterval(keepAlive);
  });

  for (;;) {
    const page = await log.read(execution, sent, pageSize);
    for (const event of page) send({ kind: 'event', event, sse: toSse(event) });
    if (page.length < pageSize || response.destroyed) break;
    if (response.writableNeedDrain)
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  const waiting = held;
  held = undefined;
  for (const frame of waiting) send(frame);
}
