import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Versions of services, and which one an execution runs; what people have allowed for all of a conversation. */
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
  await schema.alterTable('sessions').addColumn('grants', 'text').execute();
  await schema
    .createIndex('open_executions_by_version')
    .on('executions')
    .columns(['service', 'version'])
    .where('ended_at' as never, 'is', null)
    .execute();
}

export const versions: Migration = { up };
