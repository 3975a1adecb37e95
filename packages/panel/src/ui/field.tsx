import type { ReactNode } from 'react';

export const inputClass =
  'block w-full rounded-lg border border-line-strong bg-surface px-3 py-2 text-base sm:text-[0.95rem] text-ink ' +
  'placeholder:text-ink-faint aria-invalid:border-red focus-visible:outline-offset-0';

interface FieldProps {
  id: string;
  label: ReactNode;
  help?: string | undefined;
  required?: boolean;
  errors?: readonly string[];
  children: ReactNode;
}

/** A label above, help and errors below; `describedBy` names both for the input. */
export function Field({ id, label, help, required = false, errors = [], children }: FieldProps) {
  return (
    <div className="space-y-1.5">
      <label htmlFor={id} className="block text-sm font-medium">
        {label}
        {required && (
          <span className="ml-1 font-normal text-ink-faint" aria-hidden="true">
            (required)
          </span>
        )}
      </label>
      {children}
      <FieldNotes id={id} help={help} errors={errors} />
    </div>
  );
}

export function FieldNotes({ id, help, errors = [] }: Pick<FieldProps, 'id' | 'help' | 'errors'>) {
  return (
    <>
      {help && (
        <p id={`${id}-help`} className="text-[0.83rem] text-ink-faint">
          {help}
        </p>
      )}
      <div id={`${id}-errors`} aria-live="polite">
        {errors.map((error) => (
          <p key={error} className="text-sm font-medium text-red">
            {error}
          </p>
        ))}
      </div>
    </>
  );
}

export function describedBy(id: string): string {
  return `${id}-help ${id}-errors`;
}
