import { AirlockError } from '@airlock/protocol/errors';
import { type Call, callSchema } from '@airlock/protocol/service-channel';
import * as z from 'zod';
import type { ContextPort } from './context-port.ts';
import { mainScope } from './replay/keys.ts';
import type { Made } from './replay/replay.ts';
import { lossOf, markCallError, running } from './replay/scope.ts';

/** Makes a call for the code that runs now, in its scope. Throws when that code may make none. */
export function makeCall(port: ContextPort, call: Call): Made {
  const around = running.getStore();
  if (around !== undefined && around.part !== 'run') {
    throw new AirlockError('service_failed', `A ${around.part} may make no calls, but it called ${call.kind}`);
  }
  const lost = lossOf(around?.branch ?? null);
  if (lost !== null) {
    markCallError(lost, call.kind);
    throw lost;
  }
  const checked = callSchema.safeParse(call);
  if (!checked.success) throw new AirlockError('service_failed', `ctx ${call.kind}: ${z.prettifyError(checked.error)}`);
  return port.call(around?.scope ?? mainScope, checked.data);
}
