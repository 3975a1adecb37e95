import { type ReactNode, useState } from 'react';
import { inputClass } from '../../ui/field.tsx';

interface Option {
  name: string;
  label: string;
}

interface OptionsProps {
  options: readonly Option[];
  label: string;
  testId: string;
  children: (option: Option) => ReactNode;
}

/** Options one under the other. Many of them scroll within the form and can be narrowed down. */
export function Options({ options, label, testId, children }: OptionsProps) {
  const [part, setPart] = useState('');
  if (options.length <= 12) return <div className="space-y-0.5">{options.map(children)}</div>;
  const wanted = part.trim().toLowerCase();
  const fitting = options.filter((option) => option.label.toLowerCase().includes(wanted));
  return (
    <div className="overflow-hidden rounded-lg border border-line">
      <div className="border-b border-line p-2">
        <input
          type="search"
          data-testid={testId}
          aria-label={`Narrow down ${label}`}
          placeholder={`Narrow down ${options.length} options`}
          className={inputClass}
          value={part}
          onChange={(event) => setPart(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.preventDefault();
          }}
        />
      </div>
      <div className="relative max-h-72 overflow-y-auto px-4 py-1.5">
        {fitting.map(children)}
        <p role="status" className={fitting.length > 0 ? 'sr-only' : 'py-1.5 text-sm text-ink-soft'}>
          {fitting.length > 0 ? `${fitting.length} options` : 'No option is called that'}
        </p>
      </div>
    </div>
  );
}
