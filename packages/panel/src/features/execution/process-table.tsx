import { sizeInWords } from '@airlock/protocol/files/file';
import type { Process } from '@airlock/protocol/inside';
import { useState } from 'react';
import { formatDuration, plural } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { Revealed } from '../../ui/revealed.tsx';

const shownFirst = 12;
const cell = 'py-1.5 align-top';

/** The processes of a container, the busiest first. */
export function ProcessTable({ processes, isCut }: { processes: readonly Process[]; isCut: boolean }) {
  const [isAll, showAll] = useState(false);
  const shown = isAll ? processes : processes.slice(0, shownFirst);
  return (
    <>
      <table className="w-full table-fixed text-left text-sm" data-testid="processes">
        <caption className="sr-only">Processes in the container, those that have used most CPU first</caption>
        <thead>
          <tr className="border-b border-line text-[0.83rem] text-ink-faint">
            <th scope="col" className={`${cell} font-normal`}>
              Process
            </th>
            <th scope="col" className={`${cell} w-20 text-right font-normal`}>
              Memory
            </th>
            <th scope="col" className={`${cell} w-20 text-right font-normal`}>
              CPU time
            </th>
            <th scope="col" className={`${cell} w-16 text-right font-normal max-sm:hidden`}>
              PID
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {shown.map((process) => (
            <Row key={`${process.pid} ${process.command}`} process={process} />
          ))}
        </tbody>
      </table>
      {shown.length < processes.length && (
        <Button className="mt-3" onClick={() => showAll(true)} data-testid="all-processes">
          Show all {processes.length}
        </Button>
      )}
      {isCut && (
        <p className="mt-2 text-sm text-ink-soft">
          There are more than {plural(processes.length, 'process', 'processes')}.
        </p>
      )}
    </>
  );
}

function Row({ process: { name, command, memoryBytes, cpuSeconds, pid } }: { process: Process }) {
  const [isWhole, showWhole] = useState(false);
  return (
    <tr>
      <td className={`${cell} pr-3`}>
        <button
          type="button"
          aria-expanded={isWhole}
          title={isWhole ? undefined : 'Show the whole command'}
          onClick={() => showWhole(!isWhole)}
          className="block w-full rounded text-left"
        >
          <span className="block truncate font-medium">
            <Revealed text={name} exact />
          </span>
          <code
            className={`font-mono text-[0.78rem] text-ink-soft [overflow-wrap:anywhere] ${isWhole ? 'block' : 'line-clamp-2'}`}
          >
            <Revealed text={command} exact />
          </code>
        </button>
      </td>
      <td className={`${cell} text-right tabular-nums`}>{sizeInWords(memoryBytes)}</td>
      <td className={`${cell} text-right tabular-nums`}>{formatDuration(cpuSeconds * 1000)}</td>
      <td className={`${cell} text-right text-ink-faint tabular-nums max-sm:hidden`}>{pid}</td>
    </tr>
  );
}
