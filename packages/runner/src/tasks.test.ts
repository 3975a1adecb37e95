import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, it } from 'vitest';
import { createTaskReader } from './tasks.ts';

type System = Extract<SDKMessage, { type: 'system' }>;

function read(...messages: object[]) {
  const reader = createTaskReader();
  return messages.flatMap((message) => reader({ type: 'system', ...message } as unknown as System));
}

const started = (more: object = {}) => ({
  subtype: 'task_started',
  task_id: 'a',
  tool_use_id: 't',
  task_type: 'local_agent',
  subagent_type: 'reviewer',
  description: 'look\nclosely',
  ...more,
});
const usage = { total_tokens: 9, tool_uses: 2, duration_ms: 50 };
const progress = (description: string) => ({ subtype: 'task_progress', task_id: 'a', description, usage });

describe('a task', () => {
  const about = { id: 'a', about: 'look closely', kind: 'local_agent', agent: 'reviewer', toolUseId: 't' };
  const used = { tokens: 9, toolUses: 2, durationMs: 50 };

  it('is told from its start to its end, with what it does meanwhile', () => {
    const ended = { subtype: 'task_notification', task_id: 'a', status: 'completed', summary: 'fine', usage };
    expect(read(started(), progress('Reading'), ended).map((frame) => frame.type === 'task' && frame.task)).toEqual([
      { ...about, step: 'started' },
      { ...about, step: 'working', text: 'Reading', ...used },
      { ...about, step: 'completed', text: 'fine', ...used },
    ]);
  });

  it('is not told of again while it does the same', () => {
    expect(read(started(), progress('Reading'), progress('Reading'))).toHaveLength(2);
  });

  it.each([
    ['a command that is waited for', started({ task_type: 'local_bash', is_backgrounded: false })],
    ['housekeeping', started({ skip_transcript: true })],
    ['a watcher', started({ ambient: true })],
  ])('%s is none', (_what, message) => {
    const ended = { subtype: 'task_notification', task_id: 'a', status: 'completed', summary: 'fine' };
    expect(read(message, progress('Reading'), ended)).toEqual([]);
  });

  it('that never began here is not told of', () => {
    expect(read(progress('Reading'))).toEqual([]);
  });
});

describe('what runs beside Claude', () => {
  it('is said as a whole, without watchers', () => {
    const tasks = [
      { task_id: 'a', task_type: 'local_bash', description: 'sleep 9' },
      { task_id: 'b', task_type: 'local_agent', description: 'watch', ambient: true },
    ];
    expect(read({ subtype: 'background_tasks_changed', tasks })).toEqual([
      { type: 'tasks', tasks: [{ id: 'a', kind: 'local_bash', about: 'sleep 9' }] },
    ]);
  });

  it('is bounded, whatever the CLI says', () => {
    const tasks = Array.from({ length: 300 }, (_, n) => ({
      task_id: `${n}`.repeat(500),
      task_type: 'local_bash',
      description: 'x'.repeat(9_000),
    }));
    const [frame] = read({ subtype: 'background_tasks_changed', tasks });
    expect(frame?.type === 'tasks' && frame.tasks).toHaveLength(100);
    expect(JSON.stringify(frame).length).toBeLessThan(100_000);
  });
});
