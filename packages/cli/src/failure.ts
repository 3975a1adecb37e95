import { AirlockError, type FieldErrors } from '@airlock/protocol/errors';

/** A failure of the command itself, explained: what happened, the particulars, and what to do. */
export class Failure extends Error {
  readonly title: string;
  readonly detail: string;
  readonly fix: string;

  constructor(title: string, detail: string, fix: string, options: { cause?: unknown } = {}) {
    super(`${title}: ${detail}`, options);
    this.name = 'Failure';
    this.title = title;
    this.detail = detail;
    this.fix = fix;
  }
}

/** The person used the command wrongly: exit code 2. */
export class UsageFailure extends Failure {}

/** An error as people and programs see it. */
export interface Shown {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly fix: string;
  readonly fields?: FieldErrors | undefined;
}

/** Whatever was thrown, as something to show. */
export function toShown(thrown: unknown): Shown {
  if (thrown instanceof UsageFailure) return { ...pick(thrown), code: 'bad_usage' };
  if (thrown instanceof Failure) return { ...pick(thrown), code: 'failed' };
  return AirlockError.from(thrown).toBody();
}

function pick({ title, detail, fix }: Failure) {
  return { title, detail, fix };
}
