import type { Element } from '@airlock/protocol/elements';
import type { FieldErrors } from '@airlock/protocol/errors';
import type { JsonObject } from '@airlock/protocol/json';
import { type FormEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { type Draft, useDraft } from '../../lib/draft.ts';
import { Button } from '../../ui/button.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { FormField } from './form-field.tsx';
import { initialValues, isField, otherErrors, toInputs } from './form-values.ts';

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

/** A form as a service described it. The server judges the values; its errors appear beside the fields. */
export function ElementsForm(props: ElementsFormProps) {
  const { elements, scope, busy, readOnly = false, errors, failure, onSubmit } = props;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const { draft, set } = useDraft(scope, initialValues(elements));
  useEffect(() => {
    if (Object.keys(errors).length > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [errors]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!busy && !readOnly) onSubmit(toInputs(elements, draft));
  };
  return (
    <form ref={form} noValidate onSubmit={submit} className="space-y-5">
      <fieldset disabled={readOnly} className="min-w-0 space-y-5">
        {placed(elements).map(({ element, place }) => (
          <FormElement
            key={isField(element) ? element.name : `place-${place}`}
            id={`${id}-${place}`}
            element={element}
            draft={draft}
            errors={errors}
            onChange={set}
          />
        ))}
      </fieldset>
      <div aria-live="polite">
        {otherErrors(elements, errors).map((error) => (
          <p key={error} className="text-sm font-medium text-red">
            {error}
          </p>
        ))}
      </div>
      {failure}
      {!readOnly && <FormButtons {...props} />}
    </form>
  );
}

function placed(elements: readonly Element[]): { element: Element; place: number }[] {
  return elements.map((element, place) => ({ element, place }));
}

interface FormElementProps {
  id: string;
  element: Element;
  draft: Draft;
  errors: FieldErrors;
  onChange: (name: string, value: string | boolean) => void;
}

function FormElement({ id, element, draft, errors, onChange }: FormElementProps) {
  if (element.type === 'markdown') return <Markdown text={element.text} />;
  if (!isField(element)) return null;
  return (
    <FormField
      id={id}
      element={element}
      value={draft[element.name]}
      errors={errors[element.name] ?? []}
      onChange={onChange}
    />
  );
}

function FormButtons({ elements, submitText, submitTestId, busy, onCancel }: ElementsFormProps) {
  const submit = elements.find((element) => element.type === 'submit');
  const cancel = elements.find((element) => element.type === 'cancel');
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button type="submit" look="primary" busy={busy} data-testid={submitTestId}>
        {submit?.text ?? submitText}
      </Button>
      {cancel && onCancel && (
        <Button look="quiet" onClick={onCancel}>
          {cancel.text}
        </Button>
      )}
      <span className="ml-auto hidden text-[0.8rem] text-ink-faint pointer-fine:inline">Ctrl or ⌘ + Enter sends</span>
    </div>
  );
}
