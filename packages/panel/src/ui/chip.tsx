import type { ReactNode } from 'react';

export type Tone = 'accent' | 'amber' | 'green' | 'red' | 'plain';

const tones: Record<Tone, string> = {
  accent: 'bg-accent-soft text-accent',
  amber: 'bg-amber-soft text-amber',
  green: 'bg-green-soft text-green',
  red: 'bg-red-soft text-red',
  plain: 'bg-sunken text-ink-soft',
};

interface ChipProps {
  tone: Tone;
  /** A blinking lamp: something is going on. */
  pulse?: boolean;
  children: ReactNode;
  testId?: string;
}

export function Chip({ tone, pulse = false, children, testId }: ChipProps) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 whitespace-nowrap rounded-full px-2.5 py-0.5 text-[0.8rem] font-medium ${tones[tone]}`}
    >
      <span aria-hidden="true" className={`size-1.5 rounded-full bg-current ${pulse ? 'lamp-pulse' : ''}`} />
      <span data-testid={testId}>{children}</span>
    </span>
  );
}
