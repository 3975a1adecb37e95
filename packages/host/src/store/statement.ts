import {
  type Compilable,
  DummyDriver,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { Schema } from './schema.ts';

/** A value that stands for a parameter until the statement is run. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A query written with Kysely and compiled once, for paths on which compiling it each time would be felt. */
export interface Statement<P extends object, R> {
  readonly sql: string;
  /** The values in the order of the SQL. */
  values(parameters: P): unknown[];
  /** Only for the type of its rows. */
  readonly row?: R;
}

export type Param<P> = <K extends keyof P & string>(name: K) => RawBuilder<P[K]>;

const compiler = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** Compiles a query; `param` puts a named parameter where a value would stand. */
export function statement<P extends object, R>(
  build: (db: Kysely<Schema>, param: Param<P>) => Compilable<R>,
): Statement<P, R> {
  const compiled = build(compiler, (name) => sql`${new Slot(name)}`).compile();
  const slots = compiled.parameters;
  return {
    sql: compiled.sql,
    values: (parameters) =>
      slots.map((slot) => (slot instanceof Slot ? parameters[slot.name as keyof P] : slot)) as unknown[],
  };
}
