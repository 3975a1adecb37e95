import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What is known of a session: the id of its image, what the CLI says of itself, how full its memory is, what runs beside
 * it; how long an execution has waited for people.
 */
async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['digest', 'facts', 'context', 'tasks']) {
    await db.schema.alterTable('sessions').addColumn(column, 'text').execute();
  }
  await db.schema
    .alterTable('executions')
    .addColumn('waited_ms', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('executions').addColumn('waiting_since', 'integer').execute();
}

export const facts: Migration = { up };
