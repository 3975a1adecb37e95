import { type FocusEvent, useRef, useState } from 'react';

const none: ReadonlySet<string> = new Set();

function fieldAround(target: EventTarget | null): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>('[data-field]')?.dataset.field : undefined;
}

/**
 * The fields (`data-field`) a person was in and has left; the handlers are for the form around them. A press of the
 * mouse counts when it is over: an error that appears before would move the button from under it.
 */
export function useLeftFields() {
  const [left, setLeft] = useState(none);
  const pressed = useRef(false);
  const waiting = useRef<string[]>([]);
  const leave = (names: readonly string[]): void => setLeft((before) => new Set([...before, ...names]));
  const release = (): void => {
    pressed.current = false;
    leave(waiting.current.splice(0));
  };
  const onMouseDown = (): void => {
    pressed.current = true;
    window.addEventListener('mouseup', () => setTimeout(release), { once: true });
  };
  const onBlur = (event: FocusEvent): void => {
    const name = fieldAround(event.target);
    const isLeft = fieldAround(event.relatedTarget) !== name && document.activeElement !== event.target;
    if (name === undefined || !isLeft) return;
    if (pressed.current) waiting.current.push(name);
    else leave([name]);
  };
  return { left, onMouseDown, onBlur };
}
