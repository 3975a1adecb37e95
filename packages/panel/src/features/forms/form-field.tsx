import type { KeyboardEvent, ReactNode } from 'react';
import type { Draft } from '../../lib/draft.ts';
import { describedBy, Field, FieldNotes, inputClass } from '../../ui/field.tsx';
import type { FieldElement } from './form-values.ts';

interface FormFieldProps {
  element: FieldElement;
  id: string;
  value: Draft[string] | undefined;
  errors: readonly string[];
  onChange: (name: string, value: string | boolean) => void;
}

export function FormField(props: FormFieldProps) {
  const { element, id, errors, value } = props;
  if (element.type === 'boolean') return <BooleanField {...props} checked={value === true} />;
  return (
    <Field
      id={id}
      label={element.label ?? element.name}
      help={element.help}
      required={element.required}
      errors={errors}
    >
      {control(props, typeof value === 'string' ? value : '')}
    </Field>
  );
}

function control({ element, id, errors, onChange }: FormFieldProps, value: string): ReactNode {
  if (element.type === 'boolean') return null;
  const shared = {
    id,
    name: element.name,
    'data-testid': `field-${element.name}`,
    className: inputClass,
    value,
    'aria-required': element.required,
    'aria-invalid': errors.length > 0,
    'aria-describedby': describedBy(id),
    onChange: (event: { target: { value: string } }) => onChange(element.name, event.target.value),
  };
  switch (element.type) {
    case 'text':
      return <input {...shared} type="text" {...limits(element)} />;
    case 'textarea':
      return (
        <textarea
          {...shared}
          rows={element.rows ?? 4}
          {...limits(element)}
          className={`${inputClass} field-sizing-content max-h-[50dvh] min-h-20`}
          onKeyDown={submitOnEnter}
        />
      );
    case 'number':
      return (
        <input
          {...shared}
          type="number"
          placeholder={element.placeholder ?? undefined}
          min={element.min_value ?? undefined}
          max={element.max_value ?? undefined}
          step={element.step ?? 'any'}
          className={`${inputClass} max-w-48 tabular-nums`}
        />
      );
    case 'select':
      return (
        <select {...shared}>
          {(!element.required || element.value === null) && (
            <option value="">{element.required ? 'Choose…' : '–'}</option>
          )}
          {element.option.map((option) => (
            <option key={option.name} value={option.name}>
              {option.label}
            </option>
          ))}
        </select>
      );
  }
}

function limits({ placeholder, max_length }: { placeholder: string | null; max_length: number | null }) {
  return { placeholder: placeholder ?? undefined, maxLength: max_length ?? undefined };
}

/** Ctrl or Cmd with Enter sends; Enter alone is a new line. */
export function submitOnEnter(event: KeyboardEvent<HTMLTextAreaElement | HTMLInputElement>): void {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.nativeEvent.isComposing) return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

type BooleanFieldProps = FormFieldProps & { checked: boolean };

function BooleanField({ element, id, errors, checked, onChange }: BooleanFieldProps) {
  const caption = element.type === 'boolean' ? element.option : null;
  const label = element.label ?? element.name;
  return (
    <div className="space-y-1.5">
      {caption && <p className="text-sm font-medium">{label}</p>}
      <label htmlFor={id} className="flex min-h-9 w-fit items-center gap-2.5 text-[0.95rem]">
        <input
          id={id}
          name={element.name}
          data-testid={`field-${element.name}`}
          type="checkbox"
          className="size-4.5 accent-accent"
          checked={checked}
          aria-invalid={errors.length > 0}
          aria-describedby={describedBy(id)}
          onChange={(event) => onChange(element.name, event.target.checked)}
        />
        {caption ?? label}
      </label>
      <FieldNotes id={id} help={element.help} errors={errors} />
    </div>
  );
}
