import type { FieldErrors } from '@airlock/protocol/errors';
import { checkField } from '@airlock/protocol/forms/check';
import type { FieldElement } from '@airlock/protocol/forms/fields';
import type { Draft } from '../../lib/draft.ts';
import type { SeenField } from './control.ts';
import { toInput } from './form-values.ts';

export function isSeen(element: FieldElement): element is SeenField {
  return element.type !== 'hidden' && element.type !== 'action';
}

/** What is wrong by name of the field. `unreadable`: fields with something half typed, of which no value is made. */
export function problemsOf(
  fields: readonly FieldElement[],
  draft: Draft,
  unreadable: ReadonlySet<string>,
): FieldErrors {
  const problems = fields.filter(isSeen).map((element): [string, string[]] => {
    if (unreadable.has(element.name)) return [element.name, [incomplete(element)]];
    return [element.name, checkField(element, toInput(element, draft, null))];
  });
  return Object.fromEntries(problems.filter(([, each]) => each.length > 0));
}

function incomplete({ type }: SeenField): string {
  if (type === 'number') return 'Expected a number';
  return `Expected a complete ${type === 'datetime-local' ? 'date and time' : type}`;
}

interface Seen {
  readonly problems: FieldErrors;
  /** Fields whose problems may be shown. */
  readonly isJudged: (name: string) => boolean;
  readonly server: FieldErrors;
  /** Fields changed after the server had judged them. */
  readonly overtaken: ReadonlySet<string>;
}

/** The errors to show: those found here where it is time, else what the server said of values still the same. */
export function visibleErrors({ problems, isJudged, server, overtaken }: Seen): FieldErrors {
  const fromServer = Object.entries(server).filter(([name]) => !overtaken.has(name));
  const found = Object.entries(problems).filter(([name]) => isJudged(name));
  return Object.fromEntries([...fromServer, ...found]);
}
