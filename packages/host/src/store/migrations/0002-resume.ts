import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a session needs to outlive its container. */
async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('sessions').addColumn('replaces', 'text').execute();
  for (const count of ['losses', 'turn_losses'] as const) {
    await schema
      .alterTable('sessions')
      .addColumn(count, 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
  }
  await schema.alterTable('sessions').addColumn('turn_frame', 'text').execute();
  await schema.createIndex('transcripts_by_uuid').on('transcripts').columns(['session', 'uuid']).execute();
}

export const resume: Migration = { up };
