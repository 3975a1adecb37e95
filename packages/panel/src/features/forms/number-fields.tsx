import { Field, inputClass } from '../../ui/field.tsx';
import { type ControlProps, type ElementOf, frameOf, inputAttributes, textOf } from './control.ts';

export function NumberField(props: ControlProps<ElementOf<'number'>>) {
  const { element } = props;
  const notes = { help: element.help };
  return (
    <Field {...frameOf(props, notes)}>
      <input
        {...inputAttributes(props, notes)}
        type="number"
        placeholder={element.placeholder ?? undefined}
        min={element.min_value ?? undefined}
        max={element.max_value ?? undefined}
        step={element.step ?? 'any'}
        className={`${inputClass} max-w-48 tabular-nums`}
      />
    </Field>
  );
}

/** A slider between its ends, with the value beside it. */
export function RangeField(props: ControlProps<ElementOf<'range'>>) {
  const { element, id, value } = props;
  const notes = { help: element.help };
  return (
    <Field {...frameOf(props, notes)}>
      <div className="flex items-center gap-3 text-sm tabular-nums">
        <span aria-hidden="true" className="text-ink-faint">
          {element.min_value}
        </span>
        <input
          {...inputAttributes(props, notes)}
          type="range"
          min={element.min_value}
          max={element.max_value}
          step={element.step}
          className="h-9 min-w-0 flex-1 accent-accent sm:max-w-80"
        />
        <span aria-hidden="true" className="text-ink-faint">
          {element.max_value}
        </span>
        <output
          htmlFor={id}
          className="min-w-12 rounded-lg border border-line bg-sunken px-2.5 py-1 text-center font-medium"
        >
          {textOf(value)}
        </output>
      </div>
    </Field>
  );
}
