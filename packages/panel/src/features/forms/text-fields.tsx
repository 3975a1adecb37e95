import { useState } from 'react';
import { Field, inputClass, sizedInputClass } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { type ControlProps, type ElementOf, frameOf, inputAttributes, labelOf, textOf } from './control.ts';
import { submitOnEnter } from './submit-shortcut.ts';

type LineElement = ElementOf<'text' | 'email' | 'url' | 'tel' | 'search' | 'password'>;

/** Only near the limit, so that it does not distract before. */
function lengthCount(element: LineElement | ElementOf<'textarea'>, value: string): string | undefined {
  const most = element.max_length;
  if (most === null || value.length < most * 0.8) return undefined;
  return `${value.length} of ${most} characters`;
}

/** Texts that are no prose must not be corrected. */
const literal = { autoCapitalize: 'none', autoCorrect: 'off', spellCheck: false };

export function LineField(props: ControlProps<LineElement>) {
  const { element, value } = props;
  const notes = { help: element.help, count: lengthCount(element, textOf(value)) };
  const attributes = {
    ...inputAttributes(props, notes),
    placeholder: element.placeholder ?? undefined,
    ...(element.size && element.type !== 'password' && { size: element.size, className: sizedInputClass }),
    ...(element.type !== 'text' && element.type !== 'search' && literal),
  };
  return (
    <Field {...frameOf(props, notes)}>
      {element.type === 'password' ? (
        <PasswordInput attributes={attributes} label={labelOf(element)} />
      ) : (
        <input {...attributes} type={element.type} />
      )}
    </Field>
  );
}

interface PasswordInputProps {
  attributes: ReturnType<typeof inputAttributes>;
  label: string;
}

/** A manager would fill in the password of this panel, which is nothing for a service: hence `new-password`. */
function PasswordInput({ attributes, label }: PasswordInputProps) {
  const [visible, setVisible] = useState(false);
  return (
    <div className="relative">
      <input
        {...attributes}
        type={visible ? 'text' : 'password'}
        autoComplete="new-password"
        className={`${attributes.className} pr-12`}
      />
      <button
        type="button"
        aria-pressed={visible}
        aria-label={`Show ${label}`}
        onClick={() => setVisible(!visible)}
        className="absolute inset-y-0 right-0 flex w-11 items-center justify-center rounded-lg text-ink-faint hover:text-ink"
      >
        <Icon name={visible ? 'eye-off' : 'eye'} className="size-5" />
      </button>
    </div>
  );
}

export function TextareaField(props: ControlProps<ElementOf<'textarea'>>) {
  const { element, value } = props;
  const notes = { help: element.help, count: lengthCount(element, textOf(value)) };
  return (
    <Field {...frameOf(props, notes)}>
      <textarea
        {...inputAttributes(props, notes)}
        rows={element.rows ?? 4}
        {...(element.cols && { cols: element.cols })}
        placeholder={element.placeholder ?? undefined}
        className={`${element.cols ? sizedInputClass : inputClass} field-sizing-content max-h-[50dvh] min-h-20`}
        onKeyDown={submitOnEnter}
      />
    </Field>
  );
}

const hexColor = /^#[0-9a-f]{6}$/i;

/** The code can be typed, or the colour picked. */
export function ColorField(props: ControlProps<ElementOf<'color'>>) {
  const { element, value, onChange } = props;
  const notes = { help: element.help };
  const typed = textOf(value);
  return (
    <Field {...frameOf(props, notes)}>
      <div className="flex items-stretch gap-2">
        <input
          type="color"
          aria-label={`Pick ${labelOf(element)}`}
          value={hexColor.test(typed) ? typed : '#000000'}
          onChange={(event) => onChange(element.name, event.target.value)}
          className="h-auto min-h-10 w-12 shrink-0 rounded-lg border border-line-strong bg-surface p-1"
        />
        <input
          {...inputAttributes(props, notes)}
          {...literal}
          type="text"
          size={9}
          className={`${sizedInputClass} font-mono`}
        />
      </div>
    </Field>
  );
}
