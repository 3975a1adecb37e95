import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Versions of services, and which one an execution runs; what people have allowed
 * and answered in conversations; uses of tools of services.
 */
async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('service_versions')
    .addColumn('service', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .addColumn('folder', 'text', (c) => c.notNull())
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('manifest', 'text', (c) => c.notNull())
    .addColumn('deployed_at', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('service_versions_by_hash', ['service', 'hash'])
    .execute();
  await schema.alterTable('executions').addColumn('version', 'text').execute();
  for (const column of ['grants', 'unspent']) await schema.alterTable('sessions').addColumn(column, 'text').execute();
  await schema
    .createTable('tool_uses')
    .addColumn('n', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('session', 'text', (c) => c.notNull().references('sessions.id').onDelete('cascade'))
    .addColumn('tool_use', 'text', (c) => c.notNull())
    .addColumn('call', 'text', (c) => c.notNull())
    .addColumn('tool', 'text', (c) => c.notNull())
    .addColumn('input', 'text', (c) => c.notNull())
    .addColumn('taken', 'integer', (c) => c.notNull())
    .addColumn('result', 'text')
    .addUniqueConstraint('tool_uses_by_id', ['session', 'tool_use'])
    .execute();
  await schema
    .createIndex('open_executions_by_version')
    .on('executions')
    .columns(['service', 'version'])
    .where('ended_at' as never, 'is', null)
    .execute();
}

export const versions: Migration = { up };
