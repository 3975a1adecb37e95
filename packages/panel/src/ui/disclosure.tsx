import { type ReactNode, useState } from 'react';
import { Icon, type IconName } from './icons.tsx';

interface DisclosureProps {
  icon?: IconName;
  summary: ReactNode;
  children: () => ReactNode;
  testId?: string;
  className?: string;
}

/** Folded until opened; the content is not even built before. */
export function Disclosure({ icon, summary, children, testId, className = '' }: DisclosureProps) {
  const [open, setOpen] = useState(false);
  return (
    <details
      data-testid={testId}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className={`min-w-0 text-sm ${className}`}
    >
      <summary className="-mx-2 flex min-h-9 items-center gap-2 rounded-lg px-2 py-1 text-ink-soft hover:bg-sunken hover:text-ink">
        {icon && <Icon name={icon} className="size-4 text-ink-faint" />}
        <span className="flex min-w-0 flex-1 items-center gap-2">{summary}</span>
        <Icon
          name="chevron"
          className="size-4 text-ink-faint transition-transform in-[details[open]>summary]:rotate-90"
        />
      </summary>
      {open && <div className="pt-1.5 pb-2">{children()}</div>}
    </details>
  );
}
