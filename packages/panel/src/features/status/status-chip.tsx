import type { ExecutionStatus } from '@airlock/protocol/executions';
import { Chip, type Tone } from '../../ui/chip.tsx';

const looks: Record<ExecutionStatus, { tone: Tone; label: string; pulse: boolean }> = {
  starting: { tone: 'accent', label: 'Starting', pulse: true },
  running: { tone: 'accent', label: 'Running', pulse: true },
  awaiting: { tone: 'amber', label: 'Waiting for you', pulse: false },
  finished: { tone: 'green', label: 'Finished', pulse: false },
  error: { tone: 'red', label: 'Failed', pulse: false },
  cancelled: { tone: 'plain', label: 'Cancelled', pulse: false },
};

const waitingForOthers = { tone: 'plain', label: 'Waiting for others', pulse: false } as const;

export function statusLabel(status: ExecutionStatus): string {
  return looks[status].label;
}

interface StatusChipProps {
  status: ExecutionStatus;
  /** Nobody who looks may answer what it waits for. */
  forOthers?: boolean;
  testId?: string;
}

export function StatusChip({ status, forOthers = false, testId }: StatusChipProps) {
  const { tone, label, pulse } = forOthers && status === 'awaiting' ? waitingForOthers : looks[status];
  return (
    <Chip tone={tone} pulse={pulse} {...(testId && { testId })}>
      {label}
    </Chip>
  );
}
