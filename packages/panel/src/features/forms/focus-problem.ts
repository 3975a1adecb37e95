/** Puts the focus on the first field with an error; without one, on the errors of the form as a whole. */
export function focusProblem(form: HTMLFormElement): void {
  const invalid = form.querySelector<HTMLElement>('[aria-invalid="true"]');
  const place = invalid ?? form.querySelector<HTMLElement>('[data-form-errors]:has(p)');
  const control = invalid?.matches('fieldset')
    ? (invalid.querySelector<HTMLElement>('input:checked') ??
      invalid.querySelector<HTMLElement>('input:not([type=search])'))
    : place;
  control?.focus();
}
