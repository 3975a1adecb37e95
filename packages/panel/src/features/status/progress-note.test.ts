import { expect, it } from 'vitest';
import { progressNote } from './progress-note.ts';

const running = { status: 'running', queue: null, stopping: null } as const;

it.each([
  [running, null],
  [{ ...running, status: 'starting', queue: 0 } as const, 'Next in the queue'],
  [{ ...running, status: 'starting', queue: 2 } as const, 'Queued, 2 before it'],
  [{ ...running, queue: 0 }, 'Waits for room: it is next'],
  [{ ...running, status: 'awaiting', queue: 3 } as const, 'Waits for room: 3 before it'],
  [{ ...running, stopping: 'Cancelled by ada' }, 'Stopping: Cancelled by ada'],
  [{ ...running, queue: 2, stopping: 'Cancelled by ada' }, 'Stopping: Cancelled by ada'],
  [{ ...running, status: 'cancelled', stopping: 'Cancelled by ada' } as const, null],
])('%j', (execution, note) => {
  expect(progressNote(execution)).toBe(note);
});
