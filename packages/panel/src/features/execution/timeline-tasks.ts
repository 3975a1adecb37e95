import type { EventPayload } from '@airlock/protocol/events';
import type { TaskStep } from '@airlock/protocol/facts';
import type { Item, ItemOf } from './timeline-item.ts';

type TaskEvent = Extract<EventPayload<'agent'>, TaskStep>;

/** Whether it has come to an end, good or bad. */
export function isTaskOver({ step }: Pick<TaskStep, 'step'>): boolean {
  return step !== 'started' && step !== 'working';
}

/** A step of a task: told where the task began, or as a new one. */
export function addTaskStep(items: readonly Item[], place: Pick<Item, 'key' | 'seq' | 'at'>, step: TaskEvent): Item[] {
  const { session, ...task } = step;
  const known = items.findLastIndex((item) => isTaskOf(item, session) && item.task.id === task.id);
  const item = items[known];
  if (item?.kind !== 'task' || isTaskOver(item.task)) return [...items, { ...place, kind: 'task', session, task }];
  return items.with(known, { ...item, task: { ...item.task, ...task } });
}

/** With its container, everything that ran in it is gone. */
export function endTasks(items: readonly Item[], session: string): readonly Item[] {
  const isOpen = (item: Item) => isTaskOf(item, session) && !isTaskOver(item.task);
  if (!items.some(isOpen)) return items;
  return items.map((item) =>
    isOpen(item) ? { ...(item as ItemOf<'task'>), task: lost(item as ItemOf<'task'>) } : item,
  );
}

function lost({ task: { text: _, ...task } }: ItemOf<'task'>): TaskStep {
  return { ...task, step: 'stopped', text: 'Its container is gone' };
}

function isTaskOf(item: Item, session: string): item is ItemOf<'task'> {
  return item.kind === 'task' && item.session === session;
}
