import { PassThrough } from 'node:stream';
import { problemOfStatus, type UpstreamProblem } from './problem.ts';
import { askUpstream, type UpstreamAgent } from './upstream.ts';

/** Asks the model API whether it knows the key, so that a wrong one shows before a container has started. */
export interface KeyCheck {
  /** What is wrong with the key; `undefined` when nothing is, or nothing can be said. Never rejects. */
  check(): Promise<UpstreamProblem | undefined>;
}

interface KeyCheckOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly now: () => number;
  readonly agent?: UpstreamAgent;
}

/** A key that was taken is not asked about again for this long. */
const trustedMs = 10 * 60_000;
const timeoutMs = 3_000;

export function createKeyCheck({ baseUrl, apiKey, now, agent }: KeyCheckOptions): KeyCheck {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}/v1/models?limit=1`);
  let takenAt: number | undefined;

  async function ask(): Promise<number | undefined> {
    try {
      const response = await askUpstream(
        {
          method: 'GET',
          url,
          headers: { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01', accept: 'application/json' },
          body: new PassThrough().end(),
          signal: AbortSignal.timeout(timeoutMs),
          headersTimeoutMs: timeoutMs,
        },
        agent,
      );
      response.resume();
      return response.statusCode;
    } catch {
      // Unreachable, or not for asking: the conversation itself will tell.
      return undefined;
    }
  }

  return {
    async check() {
      if (takenAt !== undefined && now() - takenAt < trustedMs) return undefined;
      const status = await ask();
      if (status === 401) return problemOfStatus(401, '');
      if (status !== undefined && status < 300) takenAt = now();
      return undefined;
    },
  };
}
