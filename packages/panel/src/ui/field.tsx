import type { ReactNode } from 'react';

const inputLook =
  'rounded-lg border border-line-strong bg-surface px-3 py-2 text-base sm:text-[0.95rem] text-ink ' +
  'placeholder:text-ink-faint aria-invalid:border-red focus-visible:outline-offset-0';

export const inputClass = `block w-full ${inputLook}`;

/** For inputs that say their own width. */
export const sizedInputClass = `block max-w-full ${inputLook}`;

interface NotesProps {
  id: string;
  help?: ReactNode;
  /** How much is chosen or typed, and how much may be. */
  count?: ReactNode;
  errors?: readonly string[];
}

interface FieldProps extends NotesProps {
  label: ReactNode;
  required?: boolean;
  children: ReactNode;
}

/** A label above, help and errors below; `describedBy` names both for the input. */
export function Field({ id, label, required = false, children, ...notes }: FieldProps) {
  return (
    <div className="space-y-1.5">
      <label htmlFor={id} className="block w-fit max-w-full text-sm font-medium [overflow-wrap:anywhere]">
        {label}
        {required && (
          <span className="ml-1 font-normal text-ink-faint" aria-hidden="true">
            (required)
          </span>
        )}
      </label>
      {children}
      <FieldNotes id={id} {...notes} />
    </div>
  );
}

interface FieldGroupProps extends FieldProps {
  role?: 'radiogroup';
  testId: string;
}

/** Several controls that make one value: a legend above, help and errors below. */
export function FieldGroup({ id, label, required = false, role, testId, children, ...notes }: FieldGroupProps) {
  const { errors = [] } = notes;
  return (
    <fieldset
      id={id}
      role={role}
      data-testid={testId}
      aria-describedby={describedBy({ ...notes, id })}
      {...(role && { 'aria-invalid': errors.length > 0, 'aria-required': required })}
      className="min-w-0"
    >
      <legend className="mb-1.5 max-w-full text-sm font-medium [overflow-wrap:anywhere]">
        {label}
        {required && <span className="ml-1 font-normal text-ink-faint">(required)</span>}
      </legend>
      <div className="space-y-1.5">
        {children}
        <FieldNotes id={id} {...notes} />
      </div>
    </fieldset>
  );
}

export function FieldNotes({ id, help, count, errors = [] }: NotesProps) {
  return (
    <>
      {(help || count) && (
        <div className="flex flex-wrap justify-between gap-x-4 text-[0.83rem] text-ink-faint">
          {help && (
            <p id={`${id}-help`} className="min-w-0 whitespace-pre-line [overflow-wrap:anywhere]">
              {help}
            </p>
          )}
          {count && (
            <p id={`${id}-count`} className="tabular-nums">
              {count}
            </p>
          )}
        </div>
      )}
      <div id={`${id}-errors`} aria-live="polite">
        {errors.map((error) => (
          <p key={error} className="text-sm font-medium text-red [overflow-wrap:anywhere]">
            {error}
          </p>
        ))}
      </div>
    </>
  );
}

/** The ids of the notes that are there. */
export function describedBy({ id, help, count }: NotesProps): string {
  return [help && `${id}-help`, count && `${id}-count`, `${id}-errors`].filter(Boolean).join(' ');
}
