import { every } from './executions/every.ts';
import type { Executions } from './executions/executions.ts';
import type { Ownership } from './ownership/ownership.ts';
import type { Sessions } from './sessions/sessions.ts';

interface TakeOverOptions {
  readonly ownership: Ownership;
  readonly executions: Executions;
  readonly sessions: Sessions;
  readonly logger: { warn(fields: object, text: string): void };
  /** Default 5 s, a third of the lease. */
  readonly everyMs?: number;
}

/** Keeps this host's lease, lets go of what was lost because it had run out, and takes up what other hosts left. */
export function createTakeOver(options: TakeOverOptions): () => Promise<void> {
  const { ownership, executions, sessions, logger, everyMs = 5_000 } = options;
  return every(everyMs, async () => {
    const lost = await ownership.renew();
    if (lost.length > 0) {
      logger.warn({ executions: lost.length }, 'Another host has taken executions over: this one was not heard of');
      executions.release(lost);
      await sessions.release(lost);
    }
    const claimed = await ownership.claim();
    if (claimed.length === 0) return;
    logger.warn({ executions: claimed.length }, 'Taking over executions of a host that is gone');
    await sessions.adopt(claimed);
    await executions.recover();
  });
}
