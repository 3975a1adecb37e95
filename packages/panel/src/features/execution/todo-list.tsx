import { Card } from '../../ui/card.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import type { Timeline } from './timeline.ts';
import { type Todo, todosOf } from './todos.ts';

const marks: Record<Todo['status'], string> = { pending: 'To do', in_progress: 'In progress', completed: 'Done' };

/** What Claude says it has to do, and how far it is. */
export function TodoList({ timeline }: { timeline: Timeline }) {
  const todos = todosOf(timeline.items);
  if (todos.length === 0) return null;
  const done = todos.filter(({ status }) => status === 'completed').length;
  return (
    <Card data-testid="todos" className="px-5 py-3.5 text-sm">
      <h2 className="mb-2 flex justify-between gap-3 font-semibold">
        Claude’s list
        <span className="font-normal text-ink-faint tabular-nums">
          {done} of {todos.length} done
        </span>
      </h2>
      <ul className="space-y-1.5">
        {todos.map(({ id, text, status }) => (
          <li key={id} data-status={status} className="flex items-start gap-2.5">
            <Mark status={status} />
            <span className="sr-only">{marks[status]}: </span>
            <span className={`[overflow-wrap:anywhere] ${looks[status]}`}>
              <Revealed text={text} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

const looks: Record<Todo['status'], string> = {
  pending: 'text-ink-soft',
  in_progress: 'font-medium text-ink',
  completed: 'text-ink-faint line-through',
};

function Mark({ status }: { status: Todo['status'] }) {
  if (status === 'completed') return <Icon name="check" className="mt-0.5 size-4 shrink-0 text-green" />;
  const look = status === 'in_progress' ? 'lamp-pulse border-accent bg-accent' : 'border-line-strong';
  return <span aria-hidden="true" className={`mx-0.5 mt-1 size-3 shrink-0 rounded-full border-2 ${look}`} />;
}
