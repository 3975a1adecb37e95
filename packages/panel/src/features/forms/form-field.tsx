import { BooleanField, MultiselectField, RadioField, SelectField } from './choice-fields.tsx';
import type { ControlProps } from './control.ts';
import { FileField } from './file-field.tsx';
import { MomentField } from './moment-field.tsx';
import { NumberField, RangeField } from './number-fields.tsx';
import { ColorField, LineField, TextareaField } from './text-fields.tsx';

export function FormField({ element, ...props }: ControlProps) {
  switch (element.type) {
    case 'text':
    case 'email':
    case 'url':
    case 'tel':
    case 'search':
    case 'password':
      return <LineField {...props} element={element} />;
    case 'textarea':
      return <TextareaField {...props} element={element} />;
    case 'number':
      return <NumberField {...props} element={element} />;
    case 'range':
      return <RangeField {...props} element={element} />;
    case 'date':
    case 'time':
    case 'datetime-local':
    case 'month':
    case 'week':
      return <MomentField {...props} element={element} />;
    case 'color':
      return <ColorField {...props} element={element} />;
    case 'boolean':
      return <BooleanField {...props} element={element} />;
    case 'select':
      return <SelectField {...props} element={element} />;
    case 'radio':
      return <RadioField {...props} element={element} />;
    case 'file':
      return <FileField {...props} element={element} />;
    case 'multiselect':
      return <MultiselectField {...props} element={element} />;
  }
}
