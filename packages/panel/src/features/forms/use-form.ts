import type { Element } from '@airlock/protocol/elements';
import type { FieldErrors } from '@airlock/protocol/errors';
import { fieldsOf } from '@airlock/protocol/forms/fields';
import type { JsonObject } from '@airlock/protocol/json';
import { type FocusEvent, useEffect, useMemo, useRef, useState } from 'react';
import { type Draft, useDraft } from '../../lib/draft.ts';
import { focusProblem } from './focus-problem.ts';
import { problemsOf, visibleErrors } from './form-problems.ts';
import { initialValues, type Pressed, shownElements, toInputs } from './form-values.ts';
import { useLeftFields } from './use-left-fields.ts';

const none: ReadonlySet<string> = new Set();

/** Fields with something half typed: a browser gives no value for them, as if they were empty. */
function unreadableIn(form: HTMLFormElement | null): ReadonlySet<string> {
  const inputs = [...(form?.elements ?? [])].filter((control) => control instanceof HTMLInputElement);
  return new Set(inputs.filter(({ validity }) => validity.badInput).map(({ name }) => name));
}

/** What a person has put into a form, what of it is shown, and what is wrong with it. `server`: its last errors. */
export function useForm(elements: readonly Element[], scope: string, server: FieldErrors) {
  const form = useRef<HTMLFormElement>(null);
  const secret = useMemo(
    () => new Set(fieldsOf(elements).flatMap(({ type, name }) => (type === 'password' ? [name] : []))),
    [elements],
  );
  const { draft, set } = useDraft(scope, initialValues(elements), secret);
  const [tries, setTries] = useState(0);
  const [unreadable, setUnreadable] = useState(none);
  const [changed, setChanged] = useState({ since: server, names: none });
  const { left, onMouseDown, onBlur } = useLeftFields();

  useEffect(() => {
    if (form.current && (tries > 0 || Object.keys(server).length > 0)) focusProblem(form.current);
  }, [tries, server]);

  const shown = shownElements(elements, draft);
  const errors = visibleErrors({
    problems: problemsOf(fieldsOf(shown), draft, unreadable),
    isJudged: (name) => tries > 0 || left.has(name),
    server,
    overtaken: changed.since === server ? changed.names : none,
  });

  const change = (name: string, value: Draft[string]): void => {
    set(name, value);
    setChanged(({ since, names }) => ({ since: server, names: new Set([...(since === server ? names : none), name]) }));
  };

  /** The values to send; null when something is wrong with them, and then the first of it has the focus. */
  const take = (pressed: Pressed | null): JsonObject | null => {
    const half = unreadableIn(form.current);
    setUnreadable(half);
    setTries((before) => before + 1);
    const isRight = Object.keys(problemsOf(fieldsOf(shown), draft, half)).length === 0;
    return isRight ? toInputs(elements, draft, pressed) : null;
  };

  const handlers = {
    onMouseDown,
    // Not `onInput`: it comes before the `change` of a select, which rendering between the two would take back.
    onChange: () => setUnreadable(unreadableIn(form.current)),
    onBlur: (event: FocusEvent) => {
      setUnreadable(unreadableIn(form.current));
      onBlur(event);
    },
  };
  return { form, handlers, shown, draft, errors, change, take };
}
