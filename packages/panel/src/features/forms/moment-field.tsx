import { Field, inputClass } from '../../ui/field.tsx';
import { type ControlProps, type ElementOf, frameOf, inputAttributes } from './control.ts';

type MomentElement = ElementOf<'date' | 'time' | 'datetime-local' | 'month' | 'week'>;

const formats = {
  date: '2026-11-25',
  time: '09:30',
  'datetime-local': '2026-11-25T09:30',
  month: '2026-11',
  week: '2026-W48',
};

/** Not every browser has an input for months and weeks: a plain text input takes its place. */
function isSupported(type: MomentElement['type']): boolean {
  const input = document.createElement('input');
  input.type = type;
  return input.type === type;
}

function limitsOf(element: MomentElement) {
  switch (element.type) {
    case 'date':
      return { min: element.min_date, max: element.max_date };
    case 'time':
      return { min: element.min_time, max: element.max_time, step: element.step };
    case 'datetime-local':
      return { min: element.min_datetime, max: element.max_datetime, step: element.step };
    case 'month':
      return { min: element.min_month, max: element.max_month };
    case 'week':
      return { min: element.min_week, max: element.max_week };
  }
}

/** A point or a span in time, in the browser's own input. */
export function MomentField(props: ControlProps<MomentElement>) {
  const { element } = props;
  const supported = isSupported(element.type);
  const format = supported ? undefined : `Like ${formats[element.type]}`;
  const notes = { help: [element.help, format].filter(Boolean).join('\n') || undefined };
  const { min, max, step } = { step: null, ...limitsOf(element) };
  return (
    <Field {...frameOf(props, notes)}>
      <input
        {...inputAttributes(props, notes)}
        type={element.type}
        min={min ?? undefined}
        max={max ?? undefined}
        step={step ?? undefined}
        placeholder={element.placeholder ?? (supported ? undefined : formats[element.type])}
        className={`${inputClass} min-h-10 max-w-64 appearance-none tabular-nums`}
      />
    </Field>
  );
}
