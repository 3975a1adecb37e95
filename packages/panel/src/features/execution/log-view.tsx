import type { JsonObject } from '@airlock/protocol/json';
import { formatTime } from '../../lib/format.ts';
import { Empty } from '../../ui/card.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import type { LogLine } from './timeline-item.ts';

interface LogViewProps {
  id: string;
  inputs: JsonObject | null;
  log: readonly LogLine[];
}

/** What is of use to whoever looks for a fault: the inputs, and what the service wrote. */
export function LogView({ id, inputs, log }: LogViewProps) {
  return (
    <div className="space-y-6">
      <p className="text-[0.83rem] text-ink-faint">
        Execution <code className="font-mono select-all [overflow-wrap:anywhere]">{id}</code>
      </p>
      {inputs && <CodeBlock label="Inputs" text={JSON.stringify(inputs, null, 2)} />}
      {log.length === 0 ? (
        <Empty title="The log is empty">What the service prints and its debug lines appear here.</Empty>
      ) : (
        <ol data-testid="log" className="code-block space-y-1">
          {log.map((line) => (
            <LogRow key={line.seq} line={line} />
          ))}
        </ol>
      )}
    </div>
  );
}

function LogRow({ line }: { line: LogLine }) {
  return (
    <li className="grid grid-cols-[auto_4rem_minmax(0,1fr)] gap-x-3">
      <span className="text-ink-faint tabular-nums">{formatTime(line.at)}</span>
      <span className={line.source === 'stderr' ? 'text-red' : 'text-ink-faint'}>{line.source}</span>
      <span className="whitespace-pre-wrap [overflow-wrap:anywhere]">
        <Revealed text={line.text} />
      </span>
    </li>
  );
}
