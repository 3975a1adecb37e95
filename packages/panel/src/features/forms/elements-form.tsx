import type { Element } from '@airlock/protocol/elements';
import type { FieldErrors } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import { type FormEvent, type KeyboardEvent, type ReactNode, useState } from 'react';
import { buttonsOf, FormButtons } from './form-buttons.tsx';
import { FormElements } from './form-element.tsx';
import { otherErrors, type Pressed } from './form-values.ts';
import { useForm } from './use-form.ts';

interface ElementsFormProps {
  elements: readonly Element[];
  /** Names the draft kept for this form until it is acknowledged. */
  scope: string;
  submitText: string;
  submitTestId: string;
  busy: boolean;
  /** To be looked at: without buttons. */
  readOnly?: boolean;
  errors: FieldErrors;
  /** What to show above the buttons when sending failed. */
  failure?: ReactNode;
  onSubmit: (inputs: JsonObject) => void;
  onCancel?: () => void;
}

/** A form as a service described it. It is checked while one types; the server judges the values all the same. */
export function ElementsForm(props: ElementsFormProps) {
  const { elements, scope, submitText, submitTestId, busy, readOnly = false, failure, onSubmit, onCancel } = props;
  const { form, handlers, shown, draft, errors, change, take } = useForm(elements, scope, props.errors);
  const [pressed, setPressed] = useState<Pressed | null>(null);
  const buttons = buttonsOf(shown, submitText);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (busy || readOnly) return;
    const action = actionOf(event, buttons.actions);
    if (action === null && buttons.submit === null) return;
    const inputs = take(action);
    setPressed(action);
    if (inputs !== null) onSubmit(inputs);
  };
  const keepEnter = (event: KeyboardEvent): void => {
    const isEnter = event.key === 'Enter' && event.target instanceof HTMLInputElement;
    // It would press the first action, which may be any of them.
    if (isEnter && buttons.submit === null) event.preventDefault();
  };
  const formErrors = <FormErrors errors={otherErrors(shown, errors)} />;
  return (
    <form ref={form} noValidate onSubmit={submit} onKeyDown={keepEnter} {...handlers} className="space-y-5">
      <fieldset disabled={readOnly} className="min-w-0 space-y-5">
        <FormElements elements={shown} draft={draft} errors={errors} formErrors={formErrors} onChange={change} />
      </fieldset>
      {!hasPlaceForErrors(shown) && formErrors}
      {failure}
      {!readOnly && (
        <FormButtons buttons={buttons} submitTestId={submitTestId} busy={busy} pressed={pressed} onCancel={onCancel} />
      )}
    </form>
  );
}

function actionOf(event: FormEvent, actions: readonly Pressed[]): Pressed | null {
  const submitter = event.nativeEvent instanceof SubmitEvent ? event.nativeEvent.submitter : null;
  if (!(submitter instanceof HTMLButtonElement)) return null;
  return actions.find(({ name }) => name === submitter.name) ?? null;
}

function hasPlaceForErrors(elements: readonly Element[]): boolean {
  return elements.some((element) =>
    element.type === 'group' ? hasPlaceForErrors(element.elements) : element.type === 'errors',
  );
}

/** Errors of the form as a whole. */
function FormErrors({ errors }: { errors: readonly string[] }) {
  return (
    <div data-form-errors aria-live="polite" tabIndex={-1}>
      {errors.map((error) => (
        <p key={error} className="text-sm font-medium text-red [overflow-wrap:anywhere]">
          {error}
        </p>
      ))}
    </div>
  );
}
