import { AirlockError } from '@airlock/protocol/errors';
import { type Id, idSchema } from '@airlock/protocol/ids';
import { type Outcome, type ToService, toServiceSchema } from '@airlock/protocol/service-channel';
import * as z from 'zod';
import { Execution, type Send } from '../execution.ts';
import type { Clock } from '../replay/clock.ts';
import type { Service } from '../service.ts';

const addressSchema = z.object({ execution: idSchema });

export interface Executions {
  /** Takes a message of the host, of whatever shape. */
  take(raw: unknown): void;
}

/** The executions a service process serves. */
export function createExecutions(service: Service, send: Send, clock: Clock): Executions {
  const byId = new Map<Id, Execution>();

  const sendAndForget: Send = (message) => {
    if (message.type === 'finished' || message.type === 'failed') byId.delete(message.execution);
    send(message);
  };

  const lease = async (message: Extract<ToService, { type: 'lease' }>): Promise<Outcome> => {
    const execution = byId.get(message.execution);
    if (execution !== undefined) return execution.lease(message.key, message.inputs);
    const error = new AirlockError('service_unavailable', 'This process does not run the execution');
    return { ok: false, error: error.toBody() };
  };

  const takeParsed = (message: ToService): void => {
    switch (message.type) {
      case 'run':
        byId.get(message.execution)?.forget();
        byId.set(message.execution, new Execution(service, message, sendAndForget, clock));
        return;
      case 'outcome':
        byId.get(message.execution)?.deliver(message.key, message.outcome);
        return;
      case 'lease':
        void lease(message).then((outcome) => send({ type: 'leased', id: message.id, outcome }));
        return;
      case 'cancel':
        byId.get(message.execution)?.cancel(AirlockError.fromBody(message.error));
        return;
      case 'step':
        byId.get(message.execution)?.step(message.key, message.attempt);
        return;
      case 'forget':
        byId.get(message.execution)?.forget();
        byId.delete(message.execution);
        return;
      case 'ping':
        send({ type: 'pong', n: message.n });
        return;
    }
  };

  return {
    take(raw) {
      const message = toServiceSchema.safeParse(raw);
      if (message.success) return takeParsed(message.data);
      const detail = `A message of the host could not be read: ${z.prettifyError(message.error)}`;
      const addressed = addressSchema.safeParse(raw);
      if (!addressed.success) process.stderr.write(`${detail}\n`);
      else {
        byId.get(addressed.data.execution)?.forget();
        const error = new AirlockError('internal', detail);
        sendAndForget({ type: 'failed', execution: addressed.data.execution, error: error.toBody() });
      }
    },
  };
}
