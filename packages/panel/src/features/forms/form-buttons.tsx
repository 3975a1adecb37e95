import type { Element } from '@airlock/protocol/elements';
import { Button } from '../../ui/button.tsx';
import type { Pressed } from './form-values.ts';

/** Elements and those in groups, in the order shown. */
function flat(elements: readonly Element[]): Element[] {
  return elements.flatMap((element) => (element.type === 'group' ? element.elements : [element]));
}

/** The buttons a form asks for. One that has actions and no `submit` is sent by its actions alone. */
export function buttonsOf(elements: readonly Element[], submitText: string) {
  const all = flat(elements);
  const actions: Pressed[] = all.filter((element) => element.type === 'action');
  const submit = all.find((element) => element.type === 'submit');
  const cancel = all.find((element) => element.type === 'cancel');
  const text = submit?.text ?? (actions.length === 0 ? submitText : null);
  return { submit: text, actions, cancel: cancel?.text ?? null };
}

interface FormButtonsProps {
  buttons: ReturnType<typeof buttonsOf>;
  submitTestId: string;
  busy: boolean;
  /** The action pressed last; null when it was the button that sends. */
  pressed: Pressed | null;
  onCancel?: (() => void) | undefined;
}

export function FormButtons({ buttons, submitTestId, busy, pressed, onCancel }: FormButtonsProps) {
  const { submit, actions, cancel } = buttons;
  return (
    <div className="flex flex-wrap items-center gap-2">
      {submit !== null && (
        <Button
          type="submit"
          look="primary"
          busy={busy && pressed === null}
          disabled={busy}
          data-testid={submitTestId}
          className={wrapping}
        >
          {submit}
        </Button>
      )}
      {actions.map((action) => (
        <Button
          key={action.name}
          type="submit"
          name={action.name}
          value={action.value}
          busy={busy && pressed?.name === action.name}
          disabled={busy}
          data-testid={`action-${action.name}`}
          className={wrapping}
        >
          {action.text}
        </Button>
      ))}
      {cancel !== null && onCancel && (
        <Button look="quiet" onClick={onCancel} className={wrapping}>
          {cancel}
        </Button>
      )}
      {submit !== null && (
        <span className="ml-auto hidden text-[0.8rem] text-ink-faint pointer-fine:inline">Ctrl or ⌘ + Enter sends</span>
      )}
    </div>
  );
}

const wrapping = 'max-w-full py-1.5 [overflow-wrap:anywhere]';
