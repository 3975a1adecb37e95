import type { ServerResponse } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { errorBody, errorHeaders } from './api-error.ts';
import { gateNames, type StreamEvent, streamMoves } from './events.ts';
import type { Gates } from './gates.ts';
import type { Message } from './message.ts';
import type { Plan } from './planner.ts';
import type { Outcome } from './requests.ts';

/** What a delivery works with. The signal aborts when the client leaves. */
export interface Delivery {
  readonly response: ServerResponse;
  readonly plan: Plan;
  readonly message: Message;
  readonly stream: boolean;
  /** Milliseconds before each piece. */
  readonly pace: number;
  readonly gates: Gates;
  readonly signal: AbortSignal;
  /** Called when nothing can stop the answer from being seen in part. */
  readonly begun: () => void;
}

/** Delivers an answer as its plan says and tells how that ended. Rejects only with the signal's reason. */
export async function deliver(delivery: Delivery): Promise<Outcome> {
  const { response, plan, gates, signal } = delivery;
  if (plan.hold !== undefined) await gates.wait(plan.hold, signal);
  if (plan.error !== undefined) {
    sendJson(response, plan.error.status, errorBody(plan.error.status, plan.error.message), errorHeaders(plan.error));
    return { kind: 'refused', status: plan.error.status, detail: 'scripted' };
  }
  if (plan.fault?.point.at === 'headers') return plan.fault.kind === 'stall' ? { kind: 'stalled' } : destroy(response);
  return delivery.stream ? sendStream(delivery) : sendWhole(delivery);
}

/** Answers with a JSON body. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { ...headers, 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}

async function sendWhole({ response, plan, message, gates, signal, begun }: Delivery): Promise<Outcome> {
  for (const name of gateNames(plan.answer.blocks)) await gates.wait(name, signal);
  if (plan.fault?.kind === 'stall') return { kind: 'stalled' };
  if (plan.fault !== undefined) return destroy(response);
  begun();
  sendJson(response, 200, message);
  return { kind: 'answered', messageId: message.id };
}

async function sendStream({ response, plan, message, pace, gates, signal, begun }: Delivery): Promise<Outcome> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
  begun();
  for (const move of streamMoves(message, plan.answer.blocks, plan.fault)) {
    switch (move.do) {
      case 'send':
        if (move.paced && pace > 0) await setTimeout(pace, undefined, { signal });
        await write(response, move.event, signal);
        break;
      case 'gate':
        await gates.wait(move.name, signal);
        break;
      case 'stall':
        return { kind: 'stalled' };
      case 'destroy':
        await setImmediate();
        return destroy(response);
      case 'end':
        response.end();
        return plan.fault === undefined ? { kind: 'answered', messageId: message.id } : { kind: 'cut' };
    }
  }
  return { kind: 'answered', messageId: message.id };
}

/** Resolves when the bytes have left this process, so that a cut afterwards cannot take them along. */
async function write(response: ServerResponse, event: StreamEvent, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const left = Promise.withResolvers<void>();
  const abort = () => left.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`, () => left.resolve());
  try {
    await left.promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function destroy(response: ServerResponse): Outcome {
  response.destroy();
  return { kind: 'cut' };
}
