import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What is known of a session: the id of its image, what the CLI says of itself, how full its memory is, what runs beside
 * it; since when it has had nothing to do, and since when it waits for room. Containers started ahead of time. How long an
 * execution has waited for people.
 */
async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  for (const column of ['digest', 'facts', 'context', 'tasks', 'idle_at', 'queued_at']) {
    await schema.alterTable('sessions').addColumn(column, 'text').execute();
  }
  await schema
    .createIndex('sessions_idle')
    .on('sessions')
    .columns(['idle_at'])
    .where('idle_at' as never, 'is not', null)
    .execute();
  await schema
    .createTable('spares')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('home', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('digest', 'text', (c) => c.notNull())
    .addColumn('token', 'text', (c) => c.notNull())
    .addColumn('container', 'text')
    .addColumn('made_at', 'text', (c) => c.notNull())
    .execute();
  await schema
    .alterTable('executions')
    .addColumn('waited_ms', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('executions').addColumn('waiting_since', 'integer').execute();
}

export const sessions: Migration = { up };
