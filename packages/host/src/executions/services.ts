import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Service, ServiceSummary } from '@airlock/protocol/api';
import { AirlockError, type ErrorBody } from '@airlock/protocol/errors';
import { type ServicePolicy, servicePolicySchema } from '@airlock/protocol/service-channel';
import type { Bundled } from '../versions/bundled.ts';
import type { Bundler } from '../versions/bundler.ts';
import type { Version } from '../versions/versions.ts';
import type { Pool, Replica } from './pool/pool.ts';
import type { Rehearsal } from './pool/rehearsal.ts';
import { type Current, removedSummary, type Served, summaryOf } from './served.ts';
import { createVersionPools, notLoaded, type VersionPoolsOptions } from './version-pools.ts';

export type { Replica };

/*
 * The services people can start, each version in processes of its own.
 *
 * V6. An execution runs the version it began with, until it is moved to another.
 * V7. A version that does not load takes the place of none: the one served before, or else the one deployed last, serves on.
 */

export interface Services {
  /** Names of those that can be started, and of those removed that still have open executions. */
  names(): string[];
  list(): Promise<ServiceSummary[]>;
  get(name: string): Promise<Service>;
  /** What new executions run. Throws `not_found`, or `service_not_loaded` with the reason. */
  current(name: string): Current;
  /** How it is run; undefined while that is not known. */
  policy(name: string): ServicePolicy | undefined;
  /** Resolves when every service has said whether it loads. */
  readonly ready: Promise<void>;
  /**
   * The process an execution is to run in: where it is already, else the one with the fewest, started if need be.
   * A crash does not reject: the next process is waited for. One released before it has its place gets a process that
   * is down. Rejects with `not_found`, `service_not_loaded` when that version has never loaded, or `host_stopping`.
   * `hash` null: what new executions run.
   */
  assign(service: string, hash: string | null, execution: string): Promise<Replica>;
  /** The execution needs no process any more. */
  release(execution: string): void;
  /** The process an execution has been assigned to, while it is up. */
  of(execution: string): Replica | undefined;
  /**
   * Bundles what is in the folder now and serves it to new executions. `accept` may refuse one that loads. Rejects with
   * `not_found` when there is no service `only`.
   */
  deploy(options: DeployOptions): Promise<Deployment[]>;
  /** Starts a process of this version in which executions can be played against their logs. */
  rehearse(version: Version): Promise<Rehearsal>;
  /** Removes versions nothing needs. */
  tidy(): Promise<void>;
  /** Resolves when every process has ended. */
  stop(): Promise<void>;
}

interface DeployOptions {
  readonly only?: string | undefined;
  /** Resolves with why the version is not to be served. */
  readonly accept?: ((candidate: Current) => Promise<string | undefined>) | undefined;
}

export interface Deployment {
  readonly service: string;
  readonly outcome: 'deployed' | 'unchanged' | 'refused' | 'removed';
  readonly problem: string | undefined;
  /** What new executions run from now on. */
  readonly current: Current | undefined;
}

interface ServicesOptions extends VersionPoolsOptions {
  readonly bundler: Bundler;
}

export function createServices(options: ServicesOptions): Services {
  const { dir, versions, modules, bundler } = options;
  const pools = createVersionPools(options);
  const served = new Map(findServices(dir).map((folder) => [folder, newlyFound(folder)]));
  /** Versions that are not served to new executions, by service and hash. */
  const older = new Map<string, Pool>();
  const opening = new Map<string, Promise<Pool>>();
  const removed = new Map<string, ServicePolicy>();
  const ready = begin();
  ready.catch(() => undefined);
  let lastDeploy: Promise<unknown> = ready;

  async function begin(): Promise<void> {
    const paths = [...served.keys()].map((folder) => join(dir, folder));
    const opened = await Promise.all(
      (await bundler.bundle(paths)).map(async (bundled) => await pools.openFirst(bundled)),
    );
    for (const { folder, current, problem } of opened) {
      const twin = current && twinOf(folder, current);
      if (current && twin) await pools.discard(current.pool);
      served.set(folder, { folder, current: twin ? undefined : current, problem: twin ?? problem });
    }
    for (const { current } of served.values()) {
      if (!current) continue;
      await versions.record(current.version, current.manifest);
      await versions.adopt(current.version);
    }
    await findRemoved();
  }

  /** Why it cannot be served: another folder has a service of this name. */
  function twinOf(folder: string, { manifest }: Current): ErrorBody | undefined {
    const twin = [...served.values()].find((each) => each.folder !== folder && nameOf(each) === manifest.name);
    if (!twin) return undefined;
    return new AirlockError('service_not_loaded', `The one in ${twin.folder} is called ${manifest.name} too`).toBody();
  }

  /** What has open executions and is in no folder any more. */
  async function findRemoved(): Promise<void> {
    const names = new Set([...served.values()].map(nameOf));
    removed.clear();
    for (const { service, manifest } of await versions.open()) {
      if (!names.has(service)) removed.set(service, manifest?.policy ?? servicePolicySchema.parse({}));
    }
  }

  function find(name: string): Served {
    const found = [...served.values()].find((each) => nameOf(each) === name);
    if (!found) throw new AirlockError('not_found', `There is no service named ${name}`);
    return found;
  }

  /** The pool of a version, if there is one already. */
  function poolOf(service: string, hash: string | null): Pool | undefined {
    const current = [...served.values()].find((each) => nameOf(each) === service)?.current;
    if (current && (hash === null || hash === current.version.hash)) return current.pool;
    if (hash === null) throw notLoaded(find(service).problem?.detail);
    return older.get(keyOf(service, hash));
  }

  function openOlder(service: string, hash: string): Promise<Pool> {
    const key = keyOf(service, hash);
    const known = opening.get(key);
    if (known) return known;
    const opened = pools.openOlder(service, hash).then((pool) => {
      older.set(key, pool);
      return pool;
    });
    opening.set(key, opened);
    const isOver = () => void opening.delete(key);
    opened.then(isOver, isOver);
    return opened;
  }

  /** Serves it to new executions; the one before goes on with those it has. */
  async function serve(folder: string, next: Current): Promise<void> {
    await versions.record(next.version, next.manifest);
    const before = served.get(folder)?.current;
    if (before) older.set(keyOf(before.version.service, before.version.hash), before.pool);
    const key = keyOf(next.version.service, next.version.hash);
    await opening.get(key)?.catch(() => undefined);
    const known = older.get(key);
    older.delete(key);
    if (known) await pools.discard(next.pool);
    served.set(folder, { folder, current: known ? { ...next, pool: known } : next, problem: undefined });
    await versions.adopt(next.version);
  }

  async function deployOne(bundled: Bundled, accept: DeployOptions['accept']): Promise<Deployment> {
    const folder = basename(bundled.folder);
    const before = served.get(folder) ?? newlyFound(folder);
    const refuse = (problem: ErrorBody): Deployment => {
      served.set(folder, { ...before, problem });
      return { service: nameOf(before), outcome: 'refused', problem: problem.detail, current: before.current };
    };
    const { current } = before;
    if (current && bundled.kind === 'bundle' && bundled.hash === current.version.hash) {
      served.set(folder, { ...before, problem: undefined });
      return { service: nameOf(before), outcome: 'unchanged', problem: undefined, current };
    }
    const next = await pools.openBundled(bundled);
    if (!('version' in next)) return refuse(next);
    const twin = twinOf(folder, next);
    const why = twin?.detail ?? (await accept?.(next));
    if (why !== undefined) {
      await pools.discard(next.pool);
      return refuse(new AirlockError('service_not_loaded', why).toBody());
    }
    await serve(folder, next);
    return {
      service: next.manifest.name,
      outcome: 'deployed',
      problem: undefined,
      current: served.get(folder)?.current,
    };
  }

  async function deploy({ only, accept }: DeployOptions): Promise<Deployment[]> {
    const all = findServices(dir);
    const isMeant = (folder: string) => only === undefined || folder === only || nameOf(served.get(folder)) === only;
    const folders = all.filter(isMeant);
    const gone = [...served.values()].filter((each) => !all.includes(each.folder) && isMeant(each.folder));
    if (only !== undefined && folders.length + gone.length === 0) {
      throw new AirlockError('not_found', `There is no service named ${only}`);
    }
    const done: Deployment[] = [];
    const paths = folders.map((folder) => join(dir, folder));
    for (const bundled of await bundler.bundle(paths, { fresh: true })) done.push(await deployOne(bundled, accept));
    for (const { folder, current } of gone) {
      const service = nameOf(served.get(folder));
      served.delete(folder);
      if (current) older.set(keyOf(service, current.version.hash), current.pool);
      done.push({ service, outcome: 'removed', problem: undefined, current: undefined });
    }
    await findRemoved();
    return done;
  }

  return {
    ready,
    names: () => [...new Set([...[...served.values()].map(nameOf), ...removed.keys()])],

    async list() {
      const open = await versions.open();
      const listed = [...served.values()].map((each) => summaryOf(each, open));
      const isOpen = (name: string) => open.some(({ service }) => service === name);
      const old = [...removed.keys()].filter(isOpen).map((name) => removedSummary(name, open));
      return [...listed, ...old].sort((a, b) => a.title.localeCompare(b.title));
    },

    async get(name) {
      const found = find(name);
      return { ...summaryOf(found, await versions.open()), elements: found.current?.manifest.elements ?? [] };
    },

    current(name) {
      const { current, problem } = find(name);
      if (current && !current.pool.problem) return current;
      throw notLoaded((current?.pool.problem ?? problem)?.detail);
    },

    policy(name) {
      const current = [...served.values()].find((each) => nameOf(each) === name)?.current;
      return current ? (current.pool.problem ? undefined : current.manifest.policy) : removed.get(name);
    },

    async assign(service, hash, execution) {
      const pool = poolOf(service, hash);
      return await (pool ?? (await openOlder(service, hash ?? ''))).assign(execution);
    },

    release: pools.release,
    of: pools.of,
    rehearse: pools.rehearse,

    async deploy(wanted) {
      const done = lastDeploy.catch(() => undefined).then(() => deploy(wanted));
      lastDeploy = done;
      return await done;
    },

    async tidy() {
      const current = [...served.values()].flatMap((each) => each.current?.version.hash ?? []);
      const left = await versions.clean(current);
      for (const [key, pool] of older) {
        if (left.has(hashOf(key))) continue;
        older.delete(key);
        await pools.discard(pool);
      }
      modules.sweep(new Set([...left, ...current]));
      await findRemoved();
    },

    async stop() {
      bundler.stop();
      await pools.stop();
      await ready.catch(() => undefined);
    },
  };
}

function findServices(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).filter((folder) => existsSync(join(dir, folder, 'service.ts')));
}

function newlyFound(folder: string): Served {
  return { folder, current: undefined, problem: undefined };
}

function nameOf(served: Served | undefined): string {
  return served?.current?.manifest.name ?? served?.folder ?? '';
}

const keyOf = (service: string, hash: string) => `${service}/${hash}`;
const hashOf = (key: string) => key.slice(key.indexOf('/') + 1);
