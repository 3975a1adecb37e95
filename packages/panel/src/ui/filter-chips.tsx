interface FilterChipsProps<T extends string> {
  label: string;
  /** In their order; undefined: everything. */
  options: readonly (T | undefined)[];
  chosen: T | undefined;
  text: (option: T | undefined) => string;
  onChoose: (option: T | undefined) => void;
}

/** One of several filters, in a row that scrolls on a phone. */
export function FilterChips<T extends string>({ label, options, chosen, text, onChoose }: FilterChipsProps<T>) {
  return (
    <fieldset className="-mx-4 flex gap-1.5 overflow-x-auto px-4 py-0.5 [scrollbar-width:none] md:mx-0 md:flex-wrap md:px-0">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <button
          key={option ?? 'all'}
          type="button"
          aria-pressed={chosen === option}
          data-testid={`filter-${option ?? 'all'}`}
          onClick={() => onChoose(option)}
          className="min-h-9 rounded-full border border-line-strong bg-surface px-3.5 text-sm whitespace-nowrap text-ink-soft hover:bg-sunken aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent"
        >
          {text(option)}
        </button>
      ))}
    </fieldset>
  );
}
