import { idSchema } from '@airlock/protocol/ids';
import type { JsonObject } from '@airlock/protocol/json';
import { describe, expect, it } from 'vitest';
import type { ItemOf } from './timeline-item.ts';
import { todosOf } from './todos.ts';

const session = idSchema.parse('01890a5d-ac96-774b-bcce-b302099a8057');

function call(tool: string, input: JsonObject, text = 'done', more: Partial<ItemOf<'tool'>> = {}): ItemOf<'tool'> {
  const outcome = { isError: false, text, truncated: false };
  const place = { key: 'k', seq: 1, at: '', session, toolUseId: 't', parent: null };
  return { ...place, kind: 'tool', tool, input, outcome, ...more };
}

const created = (n: number, subject: string) => call('TaskCreate', { subject }, `Task #${n} created successfully`);

describe('the list Claude keeps', () => {
  it('grows, changes and shrinks by its calls', () => {
    const calls = [
      created(1, 'Look'),
      created(2, 'Write'),
      created(3, 'Drop'),
      call('TaskUpdate', { taskId: '1', status: 'completed' }),
      call('TaskUpdate', { taskId: '2', status: 'in_progress', subject: 'Write it' }),
      call('TaskUpdate', { taskId: '3', status: 'deleted' }),
    ];
    expect(todosOf(calls)).toEqual([
      { id: '1', text: 'Look', status: 'completed' },
      { id: '2', text: 'Write it', status: 'in_progress' },
    ]);
  });

  it('is replaced as a whole by TodoWrite', () => {
    const todos = [
      { content: 'One', status: 'in_progress' },
      { content: ' ' },
      'odd',
      { content: 'Two', status: 'odd' },
    ];
    expect(todosOf([created(1, 'Look'), call('TodoWrite', { todos })])).toEqual([
      { id: '0', text: 'One', status: 'in_progress' },
      { id: '3', text: 'Two', status: 'pending' },
    ]);
  });

  it('has nothing of calls that failed, have no result yet, or are a sub-agent’s', () => {
    const failed = { outcome: { isError: true, text: 'Task #1', truncated: false } };
    const calls = [failed, { outcome: null }, { parent: 'call' }].map((more) =>
      call('TaskCreate', { subject: 'Look' }, 'Task #1', more),
    );
    expect(todosOf(calls)).toEqual([]);
  });
});
