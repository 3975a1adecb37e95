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

export function statusLabel(status: ExecutionStatus): string {
  return looks[status].label;
}

export function StatusChip({ status, testId }: { status: ExecutionStatus; testId?: string }) {
  const { tone, label, pulse } = looks[status];
  return (
    <Chip tone={tone} pulse={pulse} {...(testId && { testId })}>
      {label}
    </Chip>
  );
}
