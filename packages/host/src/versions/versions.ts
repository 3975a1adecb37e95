import { type ServiceManifest, serviceManifestSchema } from '@airlock/protocol/service-channel';
import type { Store, Tx } from '../store/store.ts';

/*
 * Versions of services.
 *
 * V4. An execution that has not ended has its version in the store: one is recorded in the write that launches, or
 *     before it, and removed only in a write that finds no such execution.
 * V5. Of each service the one deployed last stays, so that there is something to serve when its source is broken.
 */

/** A service as it was deployed. */
export interface Version {
  readonly service: string;
  /** SHA-256 of `code`, in hex. */
  readonly hash: string;
  /** Name of the folder it came from. */
  readonly folder: string;
  readonly code: string;
}

/** Enough of a hash for people to tell versions apart. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12);
}

/** A version with executions that have not ended. */
export interface OpenVersion {
  readonly service: string;
  readonly hash: string;
  readonly open: number;
  /** What it said of itself; undefined when the store cannot tell. */
  readonly manifest: ServiceManifest | undefined;
  /** ISO 8601, UTC. */
  readonly deployedAt: string | undefined;
}

export interface Versions {
  /** The one that came last from a folder. */
  newest(folder: string): Promise<Version | undefined>;
  find(service: string, hash: string): Promise<Version | undefined>;
  /** Makes it the one deployed last, unless it is. */
  record(version: Version, manifest: ServiceManifest): Promise<void>;
  /** V4: records it unless it is there. */
  keep(tx: Tx, version: Version, manifest: ServiceManifest): Promise<void>;
  /** Executions of this service that name no version run this one from now on. */
  adopt(version: Version): Promise<void>;
  /** What has executions that have not ended. */
  open(): Promise<OpenVersion[]>;
  /** Removes what nothing needs; `current` are the hashes this host serves. Resolves with the hashes that are left. */
  clean(current: readonly string[]): Promise<Set<string>>;
}

export function createVersions(store: Store, clock: () => Date): Versions {
  const all = () => store.db.selectFrom('service_versions').select(['service', 'hash', 'folder', 'code']);

  const rowOf = (version: Version, manifest: ServiceManifest) => ({
    ...version,
    manifest: JSON.stringify(manifest),
    deployed_at: clock().toISOString(),
  });

  return {
    newest: (folder) => all().where('folder', '=', folder).orderBy('deployed_at', 'desc').limit(1).executeTakeFirst(),

    find: (service, hash) => all().where('service', '=', service).where('hash', '=', hash).executeTakeFirst(),

    async record(version, manifest) {
      const row = rowOf(version, manifest);
      await store.write(async ({ db }) => {
        const last = await db
          .selectFrom('service_versions')
          .select('hash')
          .where('folder', '=', version.folder)
          .orderBy('deployed_at', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (last?.hash === version.hash) return;
        await db
          .insertInto('service_versions')
          .values(row)
          .onConflict((conflict) => conflict.columns(['service', 'hash']).doUpdateSet(row))
          .execute();
      });
    },

    async keep({ db }, version, manifest) {
      const known = await db
        .selectFrom('service_versions')
        .select('hash')
        .where('service', '=', version.service)
        .where('hash', '=', version.hash)
        .executeTakeFirst();
      if (known) return;
      // It is not the one deployed last any more: that one is there.
      const row = { ...rowOf(version, manifest), deployed_at: new Date(0).toISOString() };
      await db.insertInto('service_versions').values(row).execute();
    },

    async adopt({ service, hash }) {
      await store.write(async ({ db }) => {
        await db
          .updateTable('executions')
          .set({ version: hash })
          .where('service', '=', service)
          .where('version', 'is', null)
          .where('ended_at', 'is', null)
          .execute();
      });
    },

    async open() {
      const rows = await store.db
        .selectFrom('executions')
        .leftJoin('service_versions as v', (join) =>
          join.onRef('v.service', '=', 'executions.service').onRef('v.hash', '=', 'executions.version'),
        )
        .select((eb) => ['executions.service', 'version', 'v.manifest', 'deployed_at', eb.fn.countAll().as('open')])
        .where('ended_at', 'is', null)
        .groupBy(['executions.service', 'version'])
        .execute();
      return rows.map(({ service, version, manifest, deployed_at, open }) => ({
        service,
        hash: version ?? '',
        open: Number(open),
        manifest: readManifest(manifest),
        deployedAt: deployed_at ?? undefined,
      }));
    },

    async clean(current) {
      return await store.write(async ({ db }) => {
        await db
          .deleteFrom('service_versions')
          .where('hash', 'not in', current.length > 0 ? current : [''])
          .where(({ not, exists, selectFrom, ref }) =>
            not(
              exists(
                selectFrom('executions')
                  .select('id')
                  .where('ended_at', 'is', null)
                  .where('executions.service', '=', ref('service_versions.service'))
                  .where('executions.version', '=', ref('service_versions.hash')),
              ),
            ),
          )
          .where(({ exists, selectFrom, ref }) =>
            exists(
              selectFrom('service_versions as later')
                .select('later.hash')
                .where('later.folder', '=', ref('service_versions.folder'))
                .where('later.deployed_at', '>', ref('service_versions.deployed_at')),
            ),
          )
          .execute();
        const left = await db.selectFrom('service_versions').select('hash').execute();
        return new Set(left.map(({ hash }) => hash));
      });
    },
  };
}

/** That of an older Airlock may have another form. */
function readManifest(text: string | null): ServiceManifest | undefined {
  return text === null ? undefined : serviceManifestSchema.safeParse(JSON.parse(text)).data;
}
