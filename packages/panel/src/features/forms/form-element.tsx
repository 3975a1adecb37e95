import type { Element } from '@airlock/protocol/elements';
import type { FieldErrors } from '@airlock/protocol/errors';
import { type ReactNode, useId } from 'react';
import type { Draft } from '../../lib/draft.ts';
import { CleanHtml } from '../../ui/clean-html.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import type { SeenField } from './control.ts';
import { FormField } from './form-field.tsx';

interface Surroundings {
  draft: Draft;
  errors: FieldErrors;
  /** What stands in the place of `errors`. */
  formErrors: ReactNode;
  onChange: (name: string, value: Draft[string]) => void;
}

interface FormElementsProps extends Surroundings {
  elements: readonly Element[];
}

export function FormElements({ elements, ...rest }: FormElementsProps) {
  return elements.map((element, place) => (
    <FormElement key={'name' in element ? element.name : place} element={element} {...rest} />
  ));
}

function FormElement({ element, ...rest }: Surroundings & { element: Element }) {
  switch (element.type) {
    case 'markdown':
      return <Markdown text={element.text} />;
    case 'html':
      return <CleanHtml html={element.text} />;
    case 'hr':
      return <Divider text={element.text ?? ''} />;
    case 'break':
      return <p className="min-h-2 text-sm text-ink-soft [overflow-wrap:anywhere]">{element.text}</p>;
    case 'errors':
      return rest.formErrors;
    case 'group':
      return <Group group={element} {...rest} />;
    case 'hidden':
    case 'action':
    case 'submit':
    case 'cancel':
      return null;
    default:
      return <PlacedField element={element} {...rest} />;
  }
}

function PlacedField({ element, draft, errors, onChange }: Surroundings & { element: SeenField }) {
  const id = useId();
  return (
    <div data-field={element.name}>
      <FormField
        id={id}
        element={element}
        value={draft[element.name]}
        errors={errors[element.name] ?? []}
        onChange={onChange}
      />
    </div>
  );
}

function Divider({ text }: { text: string }) {
  if (text === '') return <hr className="border-line" />;
  return (
    <div className="flex items-center gap-3 text-sm text-ink-faint">
      <span className="min-w-0 [overflow-wrap:anywhere]">{text}</span>
      <hr className="min-w-8 flex-1 border-line" />
    </div>
  );
}

interface GroupProps extends Surroundings {
  group: Extract<Element, { type: 'group' }>;
}

function Group({ group, ...rest }: GroupProps) {
  const id = useId();
  const help = group.help ? `${id}-help` : undefined;
  return (
    <fieldset
      aria-describedby={help}
      aria-labelledby={`${id}-legend`}
      className="min-w-0 rounded-xl border border-line px-4 py-4 sm:px-5"
    >
      <legend id={`${id}-legend`} className="float-left mb-1 w-full font-semibold [overflow-wrap:anywhere]">
        {group.label}
      </legend>
      <div className="clear-both space-y-5">
        {group.help && (
          <p id={help} className="-mt-1 text-sm whitespace-pre-line text-ink-soft [overflow-wrap:anywhere]">
            {group.help}
          </p>
        )}
        <FormElements elements={group.elements} {...rest} />
      </div>
    </fieldset>
  );
}
