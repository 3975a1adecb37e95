import { useMutation } from '@tanstack/react-query';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { formatCount, formatDuration, plural } from '../../lib/format.ts';
import { Button, Spinner } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { useMe } from '../auth/me.ts';
import type { ItemOf } from './timeline-item.ts';
import { isTaskOver } from './timeline-tasks.ts';

interface TaskLineProps {
  item: ItemOf<'task'>;
  /** The execution has ended. */
  over: boolean;
  owner: string;
}

/** A sub-agent, or a command in the background: what it is about, what it does, and a way to stop it. */
export function TaskLine({ item: { session, task }, over, owner }: TaskLineProps) {
  const me = useMe();
  const stop = useMutation({ mutationFn: () => api.stopTask(session, task.id) });
  const runs = !over && !isTaskOver(task);
  const mayStop = runs && (me.name === owner || me.role === 'admin');
  const summary = (
    <>
      <span className="shrink-0 font-medium text-ink">
        {task.agent === undefined ? 'In the background' : <Revealed text={`Sub-agent ${task.agent}`} />}
      </span>
      <span className="min-w-0 flex-1 truncate">
        <Revealed text={task.about} />
      </span>
      {runs && <Spinner className="size-3.5" />}
      {!runs && (
        <span className={task.step === 'failed' ? 'font-medium text-red' : 'text-ink-faint'}>{endOf(task)}</span>
      )}
    </>
  );
  return (
    <div data-testid="task" data-step={task.step} className="flex items-start gap-2">
      <Disclosure icon="tool" summary={summary} className="flex-1">
        {() => (
          <div className="space-y-1 border-l-2 border-line-strong pl-4 text-ink-soft">
            {task.text !== undefined && (
              <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">
                <Revealed text={task.text} />
              </p>
            )}
            <p className="text-[0.83rem] text-ink-faint">{figures(task) || 'Nothing to tell yet'}</p>
          </div>
        )}
      </Disclosure>
      {mayStop && (
        <Button look="danger" busy={stop.isPending} data-testid="task-stop" onClick={() => stop.mutate()}>
          Stop
        </Button>
      )}
      {stop.error && <ErrorNotice error={ApiError.from(stop.error)} />}
    </div>
  );
}

type Task = ItemOf<'task'>['task'];

function endOf({ step }: Task): string {
  return step === 'started' || step === 'working' ? 'unfinished' : step;
}

function figures({ durationMs, toolUses, tokens }: Task): string {
  return [
    durationMs === undefined ? '' : formatDuration(durationMs),
    toolUses === undefined ? '' : plural(toolUses, 'tool call'),
    tokens === undefined ? '' : `${formatCount(tokens)} tokens`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
