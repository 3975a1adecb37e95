import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Owners, timers, and what calls and requests of durable executions need. */
async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  for (const column of ['owner', 'stop', 'launch_key', 'launch_hash'] as const) {
    await schema.alterTable('executions').addColumn(column, 'text').execute();
  }
  await schema
    .alterTable('executions')
    .addColumn('epoch', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('executions').addColumn('parked', 'integer').execute();
  await schema.createIndex('executions_by_owner').on('executions').columns(['owner', 'ended_at']).execute();
  await schema.createIndex('executions_by_service').on('executions').columns(['service', 'status', 'id']).execute();
  await schema.createIndex('executions_by_end').on('executions').columns(['service', 'ended_at']).execute();
  await schema.createIndex('executions_by_launch').on('executions').columns(['user', 'launch_key']).unique().execute();

  for (const column of ['attempts', 'delayed'] as const) {
    await schema
      .alterTable('calls')
      .addColumn(column, 'integer', (c) => c.notNull().defaultTo(0))
      .execute();
  }
  for (const column of ['assign', 'otherwise'] as const) {
    await schema.alterTable('requests').addColumn(column, 'text').execute();
  }

  await schema
    .createTable('timers')
    .addColumn('execution', 'text', (c) => c.notNull().references('executions.id').onDelete('cascade'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('ref', 'text', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('timers_pk', ['execution', 'kind', 'ref'])
    .execute();
  await schema.createIndex('timers_by_time').on('timers').columns(['at']).execute();
  await sql`insert into timers (execution, kind, ref, at)
    select execution, 'expiry', id, expires_at from requests where status = 'open' and expires_at is not null`.execute(
    db,
  );

  await schema
    .createTable('hosts')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('home', 'text', (c) => c.notNull())
    .addColumn('started_at', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'text', (c) => c.notNull())
    .execute();
}

export const durable: Migration = { up };
