import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What is known of a session: the id of its image, what the CLI says of itself, how full its memory is, what runs beside it. */
async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['digest', 'facts', 'context', 'tasks']) {
    await db.schema.alterTable('sessions').addColumn(column, 'text').execute();
  }
}

export const facts: Migration = { up };
