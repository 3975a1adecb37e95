import { basename, join } from 'node:path';
import { AirlockError, type ErrorBody } from '@airlock/protocol/errors';
import type { FromService } from '@airlock/protocol/service-channel';
import type { Bundled } from '../versions/bundled.ts';
import type { Modules } from '../versions/modules.ts';
import { shortHash, type Version, type Versions } from '../versions/versions.ts';
import { createGuard } from './pool/guard.ts';
import { createPool, type Pool, type PoolOptions, type Replica } from './pool/pool.ts';
import { createPulse } from './pool/pulse.ts';
import { type Rehearsal, startRehearsal } from './pool/rehearsal.ts';
import { monotonicTime, type Time } from './pool/time.ts';
import type { Current, Served } from './served.ts';

export interface VersionPoolsOptions {
  /** Each folder in it with a `service.ts` is a service. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly versions: Versions;
  readonly modules: Modules;
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

type Source = Omit<Version, 'service'>;

/** The pools of the versions that are in use. */
export function createVersionPools(options: VersionPoolsOptions) {
  const { dir, versions, modules, logger, time = monotonicTime } = options;
  const guard = createGuard((error) => logger.warn({ error }, 'Services are not guarded against the end of the host'));
  const pulse = createPulse(time);
  const pools = new Set<Pool>();
  let isStopped = false;

  function poolOf({ folder, hash, code }: Source): Pool {
    if (isStopped) throw new AirlockError('host_stopping', 'Its service is being stopped');
    const pool = createPool({
      folder,
      module: () => modules.place(hash, code),
      origin: join(dir, folder),
      env: options.env,
      time,
      pulse,
      guard,
      logger,
      idleMs: options.idleMs ?? defaultIdleMs,
      onMessage: (replica, message) => options.onMessage(replica.service, replica, message),
      onDown: options.onDown,
    });
    pools.add(pool);
    return pool;
  }

  async function discard(pool: Pool): Promise<void> {
    pools.delete(pool);
    await pool.stop();
  }

  /** Starts a version; resolves with why it does not load. */
  async function open(source: Source): Promise<Current | ErrorBody> {
    const pool = poolOf(source);
    await pool.load();
    const { manifest, problem } = pool;
    if (manifest && !problem) return { version: { service: manifest.name, ...source }, manifest, pool };
    await discard(pool);
    return problem ?? notLoaded().toBody();
  }

  /** For the first start; V7: what was deployed last when it does not load. */
  async function openFirst(bundled: Bundled): Promise<Served> {
    const folder = basename(bundled.folder);
    const first = await openBundled(bundled);
    if ('version' in first) return { folder, current: first, problem: undefined };
    const last = await versions.newest(folder);
    if (!last || isStopped || (bundled.kind === 'bundle' && last.hash === bundled.hash)) {
      return { folder, current: undefined, problem: first };
    }
    const { hash, code } = last;
    const again = await open({ folder, hash, code });
    return { folder, current: 'version' in again ? again : undefined, problem: first };
  }

  async function openBundled(bundled: Bundled): Promise<Current | ErrorBody> {
    if (bundled.kind === 'unusable') return bundled.error;
    const { hash, code } = bundled;
    return await open({ folder: basename(bundled.folder), hash, code });
  }

  async function openOlder(service: string, hash: string): Promise<Pool> {
    const which = `Version ${shortHash(hash)} of ${service}`;
    const version = await versions.find(service, hash);
    if (!version) throw notLoaded(`${which} is not in the store`);
    const opened = await open(version);
    if ('version' in opened) return opened.pool;
    logger.warn({ service, version: shortHash(hash), error: opened }, 'An older version of a service does not load');
    throw notLoaded(`${which}: ${opened.detail}`);
  }

  async function rehearse({ folder, hash, code }: Source): Promise<Rehearsal> {
    const module = modules.place(hash, code);
    return await startRehearsal({ module, origin: join(dir, folder), env: options.env, time, guard });
  }

  return {
    rehearse,
    openFirst,
    openBundled,
    openOlder,
    discard,

    release(execution: string): void {
      for (const pool of pools) pool.release(execution);
    },

    of(execution: string): Replica | undefined {
      for (const pool of pools) {
        const replica = pool.of(execution);
        if (replica) return replica;
      }
      return undefined;
    },

    async stop(): Promise<void> {
      isStopped = true;
      await Promise.all([...pools].map((pool) => pool.stop()));
      await guard.stop();
    },
  };
}

export function notLoaded(problem = 'It is still loading'): AirlockError {
  return new AirlockError('service_not_loaded', problem);
}
