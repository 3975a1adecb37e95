import { type RefObject, useEffect } from 'react';

const typing = 'input, textarea, select, [contenteditable="true"], [role="alertdialog"] *';

/** Whether moving the focus would take it from somebody who types or reads a dialog. */
function isBusy(active: Element | null): boolean {
  return active?.matches(typing) === true;
}

/**
 * Moves the focus to what has just appeared: to its first field where there is a keyboard, else to itself (a field
 * would open the phone's keyboard over the page). Approvals give no field: a stray Enter must not allow anything.
 */
export function useArrivalFocus(ref: RefObject<HTMLElement | null>, firstField: boolean): void {
  useEffect(() => {
    if (isBusy(document.activeElement)) return;
    const field =
      firstField && matchMedia('(pointer: fine)').matches
        ? ref.current?.querySelector<HTMLElement>('input, textarea, select')
        : null;
    (field ?? ref.current)?.focus({ preventScroll: true });
  }, [ref, firstField]);
}
