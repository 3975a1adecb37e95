import type { EngineClient } from '../engine/engine-client.ts';
import { engineStatus, toEngineError } from '../engine/engine-error.ts';

/** Id of a local image, or undefined when there is none of that name. */
export async function findImage(client: EngineClient, reference: string): Promise<string | undefined> {
  try {
    return (await client.getImage(reference).inspect()).Id;
  } catch (thrown) {
    if (engineStatus(thrown) === 404) return undefined;
    throw toEngineError(thrown, reference, 'engine_unreachable');
  }
}
