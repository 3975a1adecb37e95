import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryStore } from '../store/temporary.ts';
import { newExecutionRow } from './execution-row.ts';
import { listExecutions, searchedAtOnce } from './listing.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
beforeEach(async () => {
  temporary = await temporaryStore();
});
afterEach(() => temporary.remove());

const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** Copies of one execution, `count` of them, with ids in the order of their numbers. */
async function fill(count: number, prompt: string): Promise<void> {
  const row = newExecutionRow('claude-hitl', 'A service', { prompt }, 'ada', new Date(0));
  const columns = Object.keys(row).filter((column) => column !== 'id');
  await temporary.store.write(async (tx) => {
    await tx.db
      .insertInto('executions')
      .values({ ...row, id: 'first' })
      .execute();
    const copied = sql.join(columns.map((column) => sql.ref(column)));
    await sql`
      with recursive counted(n) as (select 1 union all select n + 1 from counted where n < ${count})
      insert into executions (id, ${copied}) select printf('00000000-0000-7000-8000-%012d', n), ${copied} from executions, counted
    `.execute(tx.db);
    await tx.db.deleteFrom('executions').where('id', '=', 'first').execute();
  });
}

/** None of these has anything open. */
const sources = () => {
  const inbox = { listOpen: () => Promise.reject(new RangeError('not asked here')) };
  return { store: temporary.store, inbox, clock: () => new Date(0), before: () => undefined };
};

describe('a search', () => {
  it('looks at a bounded number of executions at once, and says where to go on', async () => {
    const { store } = temporary;
    await fill(searchedAtOnce + 1, 'nothing');
    await store.write((tx) =>
      tx.db.updateTable('executions').set({ excerpt: 'a needle' }).where('id', '=', idOf(1)).execute(),
    );
    const first = await listExecutions(sources(), { limit: 10, q: 'needle' });
    expect(first).toEqual({ items: [], next: idOf(2) });
    const second = await listExecutions(sources(), { limit: 10, q: 'needle', cursor: idOf(2) });
    expect(second.items.map(({ id }) => id)).toEqual([idOf(1)]);
    expect(second.next).toBeNull();
  });

  it('ends with the last execution there is', async () => {
    await fill(searchedAtOnce, 'nothing');
    expect(await listExecutions(sources(), { limit: 10, q: 'needle' })).toEqual({ items: [], next: null });
  });
});
