import { AirlockError } from '@airlock/protocol/errors';
import { type Json, jsonSchema } from '@airlock/protocol/json';
import type { Outcome } from '@airlock/protocol/service-channel';

type Work = () => unknown;

interface Step {
  readonly work: PromiseWithResolvers<Work>;
  /** Number of the last attempt begun in this run. */
  begun: number;
}

/** Steps of one run by key; an attempt that comes early waits until the function has got to the step. */
export class Steps {
  readonly #known = new Map<string, Step>();

  #of(key: string): Step {
    const known = this.#known.get(key) ?? { work: Promise.withResolvers<Work>(), begun: 0 };
    this.#known.set(key, known);
    return known;
  }

  /** The function has got to the step. */
  offer(key: string, work: Work): void {
    this.#of(key).work.resolve(work);
  }

  /** Runs an attempt, `inPart` around the work itself; undefined when it was begun before. Never rejects. */
  attempt(key: string, number: number, inPart: (work: Work) => unknown): Promise<Outcome> | undefined {
    const step = this.#of(key);
    if (number <= step.begun) return undefined;
    step.begun = number;
    const value = step.work.promise.then((work) => inPart(work));
    return value.then(toOutcome).catch(toFailure);
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}

function toOutcome(value: unknown): Outcome {
  const checked = jsonSchema.safeParse(value ?? null);
  if (checked.success) return { ok: true, value: checked.data satisfies Json };
  throw new AirlockError('service_failed', 'A step must give JSON');
}

function toFailure(thrown: unknown): Outcome {
  return { ok: false, error: AirlockError.from(thrown, 'service_failed').toBody() };
}
