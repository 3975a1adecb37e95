import type { KeyboardEvent } from 'react';

/** Ctrl or Cmd with Enter sends; Enter alone is a new line. */
export function submitOnEnter(event: KeyboardEvent<HTMLTextAreaElement | HTMLInputElement>): void {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.nativeEvent.isComposing) return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}
