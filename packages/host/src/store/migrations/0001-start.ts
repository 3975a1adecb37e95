import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('executions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('service', 'text', (c) => c.notNull())
    .addColumn('title', 'text', (c) => c.notNull())
    .addColumn('user', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('inputs', 'text', (c) => c.notNull())
    .addColumn('excerpt', 'text', (c) => c.notNull())
    .addColumn('result', 'text')
    .addColumn('started_at', 'text', (c) => c.notNull())
    .addColumn('ended_at', 'text')
    .addColumn('last_seq', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('next_outcome', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('usage', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('executions_by_status').on('executions').columns(['status', 'id']).execute();

  await schema
    .createTable('events')
    .addColumn('execution', 'text', (c) => c.notNull().references('executions.id').onDelete('cascade'))
    .addColumn('seq', 'integer', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('payload', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('events_pk', ['execution', 'seq'])
    .execute();

  await schema
    .createTable('calls')
    .addColumn('execution', 'text', (c) => c.notNull().references('executions.id').onDelete('cascade'))
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('made', 'integer', (c) => c.notNull())
    .addColumn('call', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text')
    .addColumn('settled', 'integer')
    .addPrimaryKeyConstraint('calls_pk', ['execution', 'key'])
    .execute();

  await schema
    .createTable('sessions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('execution', 'text', (c) => c.notNull().references('executions.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('options', 'text', (c) => c.notNull())
    .addColumn('image', 'text', (c) => c.notNull())
    .addColumn('token', 'text', (c) => c.notNull())
    .addColumn('container', 'text')
    .addColumn('epoch', 'integer', (c) => c.notNull())
    .addColumn('up_committed', 'integer', (c) => c.notNull())
    .addColumn('down_queued', 'integer', (c) => c.notNull())
    .addColumn('turn_call', 'text')
    .addColumn('turn_prompt', 'text')
    .addColumn('turn_usage', 'text', (c) => c.notNull())
    .addColumn('problem', 'text')
    .addUniqueConstraint('sessions_by_name', ['execution', 'name'])
    .execute();

  await schema
    .createTable('requests')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('execution', 'text', (c) => c.notNull().references('executions.id').onDelete('cascade'))
    .addColumn('session', 'text')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('ask', 'text', (c) => c.notNull())
    .addColumn('ref', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'text')
    .addColumn('answered_by', 'text')
    .addColumn('answered_at', 'text')
    .addColumn('answer', 'text')
    .execute();
  await schema.createIndex('requests_by_execution').on('requests').columns(['execution', 'status']).execute();
  await schema.createIndex('requests_by_status').on('requests').columns(['status', 'expires_at']).execute();

  await schema
    .createTable('outbox')
    .addColumn('session', 'text', (c) => c.notNull().references('sessions.id').onDelete('cascade'))
    .addColumn('n', 'integer', (c) => c.notNull())
    .addColumn('frame', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('outbox_pk', ['session', 'n'])
    .execute();

  await schema
    .createTable('transcripts')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('session', 'text', (c) => c.notNull().references('sessions.id').onDelete('cascade'))
    .addColumn('project_key', 'text', (c) => c.notNull())
    .addColumn('subpath', 'text', (c) => c.notNull())
    .addColumn('uuid', 'text')
    .addColumn('entry', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('transcripts_by_session').on('transcripts').columns(['session', 'subpath', 'id']).execute();

  await schema
    .createTable('users')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('password_hash', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('credentials')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('user', 'text', (c) => c.notNull().references('users.name').onDelete('cascade'))
    .addColumn('label', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'text')
    .execute();
  await schema
    .createTable('meta')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
}

export const start: Migration = { up };
