import { IncomingMessage } from 'node:http';
import { AirlockError } from '@airlock/protocol/errors';
import type { EngineClient } from '../engine/engine-client.ts';

export interface WaitOptions {
  readonly client: EngineClient;
  readonly containerId: string;
  readonly signal: AbortSignal;
}

/**
 * Resolves when the engine says the container is in the condition. Reads the answer as a stream: the client's own `wait`
 * never settles when the engine goes away after it sent its headers.
 */
export async function waitFor(
  condition: 'not-running' | 'removed',
  { client, containerId, signal }: WaitOptions,
): Promise<void> {
  signal.throwIfAborted();
  const response = await openWait(condition, { client, containerId, signal });
  const stop = (): void => void response.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // An error is followed by the close, after which `complete` tells how it was.
    response.on('error', () => {}).resume();
    await new Promise<void>((resolve) => {
      if (response.closed) resolve();
      else response.once('close', resolve);
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  if (!response.complete) throw new AirlockError('engine_unreachable', 'The engine went away while a container ran');
}

function openWait(condition: string, { client, containerId, signal }: WaitOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = {
      path: `/containers/${containerId}/wait?`,
      method: 'POST',
      options: { condition },
      abortSignal: signal,
      isStream: true,
      statusCodes: { 200: true },
    };
    client.modem.dial(request, (error: unknown, response: unknown) => {
      if (response instanceof IncomingMessage) resolve(response);
      else reject(signal.aborted ? signal.reason : error);
    });
  });
}
