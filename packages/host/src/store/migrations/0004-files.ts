import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Files of executions, and requests that are handed on. */
async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('files')
    .addColumn('n', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('execution', 'text', (c) => c.notNull().references('executions.id').onDelete('cascade'))
    .addColumn('place', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('size', 'integer', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('by', 'text')
    .addColumn('at', 'text', (c) => c.notNull())
    .addUniqueConstraint('files_by_path', ['execution', 'place', 'path'])
    .execute();
  await schema
    .alterTable('sessions')
    .addColumn('files_taken', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  for (const column of ['handed', 'rules', 'reminded_at'] as const) {
    await schema.alterTable('requests').addColumn(column, 'text').execute();
  }
}

export const files: Migration = { up };
