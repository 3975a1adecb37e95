import type { Call } from '@airlock/protocol/service-channel';

type StepCall = Extract<Call, { kind: 'step' }>;

export interface TestStep {
  readonly key: string;
  readonly call: StepCall;
  /** Number of the last attempt begun. */
  attempt: number;
  /** It waits for its next attempt. */
  isDelayed: boolean;
}

/** Open steps of a service under test. */
export class TestSteps {
  /** Attempts begun of each step, by name. */
  readonly attempts = new Map<string, number>();
  readonly #open = new Map<string, TestStep>();

  open(key: string, call: StepCall): TestStep {
    const step = { key, call, attempt: 0, isDelayed: false };
    this.#open.set(key, step);
    return step;
  }

  /** Counts an attempt that begins now; its number. */
  begin(step: TestStep): number {
    step.attempt += 1;
    step.isDelayed = false;
    this.attempts.set(step.call.name, (this.attempts.get(step.call.name) ?? 0) + 1);
    return step.attempt;
  }

  /** The step this attempt is the current one of. */
  current(key: string, attempt: number): TestStep | undefined {
    const step = this.#open.get(key);
    return step !== undefined && !step.isDelayed && step.attempt === attempt ? step : undefined;
  }

  /** Those an attempt of ran when their process was killed. */
  get running(): TestStep[] {
    return [...this.#open.values()].filter(({ isDelayed }) => !isDelayed);
  }

  close(key: string): void {
    this.#open.delete(key);
  }
}

/** Pause before the next attempt, in milliseconds. */
export function pauseAfter({ call: { retry }, attempt }: TestStep): number {
  return Math.min(retry.delayMs * retry.factor ** (attempt - 1), retry.maxDelayMs);
}
