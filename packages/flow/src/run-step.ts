import { AirlockError } from '@airlock/protocol/errors';
import { type Retry, retrySchema } from '@airlock/protocol/retry';
import * as z from 'zod';
import type { ContextPort } from './context-port.ts';
import { makeCall } from './make-call.ts';

/** Makes a step: its work is done once, and what it gives is remembered. */
export async function runStep<Value>(
  port: ContextPort,
  name: string,
  work: () => unknown,
  retry: Partial<Retry>,
): Promise<Value> {
  const checked = retrySchema.safeParse(retry);
  if (!checked.success) throw new AirlockError('service_failed', `Step ${name}: ${z.prettifyError(checked.error)}`);
  const made = makeCall(port, { kind: 'step', name, retry: checked.data });
  port.onStep(made.key, work);
  return (await made.outcome) as Value;
}
