import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Service, ServiceSummary } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import type { FromService, ServiceManifest } from '@airlock/protocol/service-channel';
import { createGuard } from './pool/guard.ts';
import { createPool, type Pool, type PoolOptions, type Replica } from './pool/pool.ts';
import { createPulse } from './pool/pulse.ts';
import { monotonicTime, type Time } from './pool/time.ts';

export type { Replica };

/** The services people can start, each in processes of its own. */
export interface Services {
  list(): ServiceSummary[];
  get(name: string): Service;
  /** Throws `not_found`, or `service_not_loaded` with the reason. */
  manifest(name: string): ServiceManifest;
  /** Resolves when every service has said whether it loads. */
  readonly ready: Promise<void>;
  /**
   * The process an execution is to run in: where it is already, else the one with the fewest, started if need be.
   * A crash does not reject: the next process is waited for. One released before it has its place gets a process that
   * is down. Rejects with `not_found`, `service_not_loaded` when the service has never loaded, or `host_stopping`.
   */
  assign(service: string, execution: string): Promise<Replica>;
  /** The execution needs no process any more. */
  release(execution: string): void;
  /** The process an execution has been assigned to, while it is up. */
  of(execution: string): Replica | undefined;
  /** Resolves when every process has ended. */
  stop(): Promise<void>;
}

interface ServicesOptions {
  /** Each folder in it with a `service.ts` is a service. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** What concerns an execution comes only from the process it is assigned to. */
  readonly onMessage: (service: string, replica: Replica, message: FromService) => void;
  /** A process has ended for `reason`, and these executions were in it; they have no process until assigned again. */
  readonly onDown: PoolOptions['onDown'];
  readonly logger: PoolOptions['logger'];
  /** How long a process without executions is kept. Default 5 minutes. */
  readonly idleMs?: number;
  readonly time?: Time;
}

const defaultIdleMs = 5 * 60_000;

export function createServices(options: ServicesOptions): Services {
  const { dir, logger, time = monotonicTime } = options;
  const guard = createGuard((error) => logger.warn({ error }, 'Services are not guarded against the end of the host'));
  const pulse = createPulse(time);
  const folders = findServices(dir);
  const pools = new Map(folders.map((folder) => [folder, poolOf(folder)]));
  const ready = Promise.all([...pools.values()].map((pool) => pool.load())).then(() => undefined);

  function poolOf(folder: string): Pool {
    return createPool({
      folder,
      module: join(dir, folder, 'service.ts'),
      env: options.env,
      time,
      pulse,
      guard,
      logger,
      idleMs: options.idleMs ?? defaultIdleMs,
      onMessage: (replica, message) => options.onMessage(replica.service, replica, message),
      onDown: options.onDown,
    });
  }

  function find(name: string): [folder: string, pool: Pool] {
    const found = [...pools].find(([folder, { manifest }]) => (manifest?.name ?? folder) === name);
    if (!found) throw new AirlockError('not_found', `There is no service named ${name}`);
    return found;
  }

  return {
    ready,
    list: () =>
      [...pools].map(([folder, pool]) => summaryOf(folder, pool)).sort((a, b) => a.title.localeCompare(b.title)),

    get: (name) => {
      const [folder, pool] = find(name);
      return { ...summaryOf(folder, pool), elements: pool.manifest?.elements ?? [] };
    },

    manifest: (name) => {
      const [, { manifest, problem }] = find(name);
      if (manifest && !problem) return manifest;
      throw notLoaded(problem?.detail);
    },

    async assign(service, execution) {
      const [, pool] = find(service);
      if (!pool.manifest) throw notLoaded(pool.problem?.detail);
      return await pool.assign(execution);
    },

    release: (execution) => {
      for (const pool of pools.values()) pool.release(execution);
    },

    of: (execution) => {
      for (const pool of pools.values()) {
        const replica = pool.of(execution);
        if (replica) return replica;
      }
      return undefined;
    },

    async stop() {
      await Promise.all([...pools.values()].map((pool) => pool.stop()));
      await guard.stop();
    },
  };
}

function findServices(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).filter((folder) => existsSync(join(dir, folder, 'service.ts')));
}

function notLoaded(problem = 'It is still loading'): AirlockError {
  return new AirlockError('service_not_loaded', problem);
}

function summaryOf(folder: string, { manifest, problem }: Pool): ServiceSummary {
  if (manifest && !problem) {
    const { name, title, description, version, tags } = manifest;
    return { name, title, description, version, tags, state: 'ready' };
  }
  const { name = folder, title = folder, description = '', version = '', tags = [] } = manifest ?? {};
  return {
    name,
    title,
    description,
    version,
    tags,
    state: 'unusable',
    problem: problem?.detail ?? 'It is still loading',
  };
}
