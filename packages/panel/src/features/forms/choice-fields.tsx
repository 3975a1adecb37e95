import { chosenIn } from '../../lib/draft.ts';
import { describedBy, Field, FieldGroup, FieldNotes } from '../../ui/field.tsx';
import { type ControlProps, type ElementOf, frameOf, inputAttributes, labelOf } from './control.ts';
import { Options } from './options.tsx';

type OneOfSeveral = ElementOf<'select' | 'radio'>;

const choiceClass =
  '-mx-2 flex min-h-9 w-fit max-w-[calc(100%+1rem)] items-start gap-2.5 rounded-lg px-2 py-1.5 text-[0.95rem] hover:bg-sunken';
const boxClass = 'mt-0.75 size-4.5 shrink-0 accent-accent';

export function SelectField(props: ControlProps<OneOfSeveral>) {
  const { element } = props;
  const notes = { help: element.help };
  return (
    <Field {...frameOf(props, notes)}>
      <select {...inputAttributes(props, notes)}>
        {(!element.required || element.value === null) && (
          <option value="">{element.required ? 'Choose…' : '–'}</option>
        )}
        {element.option.map((option) => (
          <option key={option.name} value={option.name}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

export function RadioField(props: ControlProps<OneOfSeveral>) {
  const { element, value, onChange } = props;
  const canBeCleared = !element.required && typeof value === 'string' && value !== '';
  return (
    <FieldGroup {...frameOf(props, { help: element.help })} role="radiogroup" testId={`field-${element.name}`}>
      <Options options={element.option} label={labelOf(element)} testId={`${element.name}-part`}>
        {(option) => (
          <Choice
            key={option.name}
            type="radio"
            name={element.name}
            option={option}
            checked={value === option.name}
            onChange={() => onChange(element.name, option.name)}
          />
        )}
      </Options>
      {canBeCleared && (
        <button
          type="button"
          onClick={() => onChange(element.name, '')}
          className="rounded-md px-1 py-0.5 text-[0.83rem] text-accent underline underline-offset-2 hover:text-accent-strong"
        >
          Clear the choice
        </button>
      )}
    </FieldGroup>
  );
}

export function MultiselectField(props: ControlProps<ElementOf<'multiselect'>>) {
  const { element, value, errors, onChange } = props;
  const chosen = chosenIn(value);
  const toggle = (name: string, on: boolean): void => {
    onChange(element.name, on ? [...chosen, name] : chosen.filter((each) => each !== name));
  };
  return (
    <FieldGroup
      {...frameOf(props, { help: element.help, count: countOf(element, chosen.length) })}
      testId={`field-${element.name}`}
    >
      <Options options={element.option} label={labelOf(element)} testId={`${element.name}-part`}>
        {(option) => (
          <Choice
            key={option.name}
            type="checkbox"
            name={element.name}
            option={option}
            checked={chosen.includes(option.name)}
            invalid={errors.length > 0}
            onChange={(on) => toggle(option.name, on)}
          />
        )}
      </Options>
    </FieldGroup>
  );
}

function countOf({ min_items: least, max_items: most }: ElementOf<'multiselect'>, count: number): string {
  const chosen = `${count} chosen`;
  if (least && most) return `${chosen}, ${least === most ? least : `${least} to ${most}`} wanted`;
  if (least) return `${chosen}, at least ${least} wanted`;
  return most ? `${chosen}, at most ${most} allowed` : chosen;
}

interface ChoiceProps {
  type: 'radio' | 'checkbox';
  name: string;
  option: OneOfSeveral['option'][number];
  checked: boolean;
  invalid?: boolean;
  onChange: (on: boolean) => void;
}

function Choice({ type, name, option, checked, invalid, onChange }: ChoiceProps) {
  return (
    <label className={choiceClass}>
      <input
        type={type}
        name={name}
        value={option.name}
        checked={checked}
        aria-invalid={invalid}
        onChange={(event) => onChange(event.target.checked)}
        className={boxClass}
      />
      <span className="min-w-0 [overflow-wrap:anywhere]">{option.label}</span>
    </label>
  );
}

export function BooleanField(props: ControlProps<ElementOf<'boolean'>>) {
  const { element, id, value, errors, onChange } = props;
  const { label, option, help } = element;
  const heading = option ? label : null;
  return (
    <div className="space-y-1">
      {heading && (
        <p id={`${id}-heading`} className="text-sm font-medium [overflow-wrap:anywhere]">
          {heading}
        </p>
      )}
      <label htmlFor={id} className={choiceClass}>
        <input
          id={id}
          name={element.name}
          data-testid={`field-${element.name}`}
          type="checkbox"
          className={boxClass}
          checked={value === true}
          aria-labelledby={heading ? `${id}-heading ${id}-caption` : undefined}
          aria-invalid={errors.length > 0}
          aria-describedby={describedBy({ id, help })}
          onChange={(event) => onChange(element.name, event.target.checked)}
        />
        <span id={`${id}-caption`} className="min-w-0 [overflow-wrap:anywhere]">
          {option || labelOf(element)}
        </span>
      </label>
      <FieldNotes id={id} help={help} errors={errors} />
    </div>
  );
}
