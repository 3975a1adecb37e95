import type { JsonObject } from '@airlock/protocol/json';
import type { Item, ItemOf } from './timeline-item.ts';

/** A line of the list Claude keeps of what it has to do. */
export interface Todo {
  id: string;
  text: string;
  status: 'pending' | 'in_progress' | 'completed';
}

/** Claude's list, as its calls of the tools for it leave it; empty when it keeps none. Sub-agents' lists are their own. */
export function todosOf(items: readonly Item[]): Todo[] {
  let todos: Todo[] = [];
  for (const item of items) {
    if (item.kind === 'tool' && item.parent === null && item.outcome && !item.outcome.isError)
      todos = after(todos, item);
  }
  return todos;
}

function after(todos: Todo[], { tool, input, outcome }: ItemOf<'tool'>): Todo[] {
  switch (tool) {
    case 'TaskCreate': {
      const id = /#(\w+)/.exec(outcome?.text ?? '')?.[1];
      const text = textOf(input.subject);
      return id === undefined || text === '' ? todos : [...todos, { id, text, status: 'pending' }];
    }
    case 'TaskUpdate':
      return todos.flatMap((todo) => (todo.id === input.taskId ? updated(todo, input) : [todo]));
    case 'TodoWrite':
      return Array.isArray(input.todos) ? input.todos.flatMap(written) : todos;
    default:
      return todos;
  }
}

function updated(todo: Todo, { status, subject }: JsonObject): Todo[] {
  if (status === 'deleted') return [];
  return [{ ...todo, text: textOf(subject) || todo.text, status: statusOf(status) ?? todo.status }];
}

function written(entry: unknown, at: number): Todo[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const { content, status } = entry as Record<string, unknown>;
  const text = textOf(content);
  return text === '' ? [] : [{ id: String(at), text, status: statusOf(status) ?? 'pending' }];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function statusOf(value: unknown): Todo['status'] | undefined {
  return value === 'pending' || value === 'in_progress' || value === 'completed' ? value : undefined;
}
