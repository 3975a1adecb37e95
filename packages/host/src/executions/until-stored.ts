import { setTimeout as delay } from 'node:timers/promises';
import { AirlockError } from '@airlock/protocol/errors';

const pauseMs = 1_000;

/** Does it again while the disk is full and it is still wanted: what a service did must not be lost for want of room. */
export async function untilStored(act: () => Promise<void>, isWanted: () => boolean): Promise<void> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof AirlockError) || error.code !== 'disk_full' || !isWanted()) throw error;
    }
    await delay(pauseMs);
  }
}
