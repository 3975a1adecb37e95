import type { Timeline } from './timeline.ts';
import type { WaitsFor } from './waiting.ts';

/** Tells screen readers what matters, once: not each streamed word. */
export function Announcer({ timeline, waits }: { timeline: Timeline; waits: WaitsFor }) {
  return (
    <p role="status" className="sr-only">
      {sentence(timeline, waits)}
    </p>
  );
}

function sentence({ status, items }: Timeline, waits: WaitsFor): string {
  switch (status) {
    case null:
      return '';
    case 'starting':
      return 'The execution is starting';
    case 'running':
      return items.at(-1)?.kind === 'message' ? 'Claude has written a message' : 'The execution is running';
    case 'awaiting':
      return waits === 'others' ? 'The execution waits for somebody else' : 'The execution waits for you';
    case 'finished':
      return 'The execution has finished';
    case 'error':
      return 'The execution has failed';
    case 'cancelled':
      return 'The execution was cancelled';
  }
}
