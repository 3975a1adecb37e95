import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '@airlock/protocol/events';
import { createFiles } from '../files/files.ts';
import { createInbox } from '../inbox/inbox.ts';
import { createLog } from '../log/log.ts';
import { createOwnership } from '../ownership/ownership.ts';
import type { Store } from '../store/store.ts';
import { createTimers, isOfInbox } from '../timers/timers.ts';
import { inProcessBundler } from '../versions/fixtures/in-process-bundler.ts';
import { createVersioning } from '../versions/versioning.ts';
import { createExecutions, type Executions } from './executions.ts';
import { noSessions } from './fixtures.ts';

interface HostRigOptions {
  readonly store: Store;
  /** A folder of services, or the names of some that are shipped. */
  readonly services: string | readonly string[];
  /** Default: nothing but what services need. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: () => Date;
  readonly serviceIdleMs?: number;
  /** Folder for files; default: one of its own. */
  readonly home?: string;
}

const shipped = join(import.meta.dirname, '../../../../services');

function linked(home: string, names: readonly string[]): string {
  const dir = join(home, 'services');
  mkdirSync(dir, { recursive: true });
  for (const name of names) {
    if (!existsSync(join(dir, name))) symlinkSync(join(shipped, name), join(dir, name));
  }
  return dir;
}

/** A host without sessions and HTTP; its service processes are real. */
export async function startHostRig(options: HostRigOptions) {
  const { store, env, clock = () => new Date(), serviceIdleMs } = options;
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'airlock-rig-'));
  const servicesDir = typeof options.services === 'string' ? options.services : linked(home, options.services);
  const ownership = createOwnership({ store, clock, home: 'rig' });
  const log = createLog(store, clock, { fence: ownership });
  const logger = { info: () => undefined, warn: () => undefined };
  const timers = createTimers({
    store,
    clock,
    logger,
    host: ownership.host,
    handler: (timer) => (isOfInbox(timer) ? inbox.fire(timer) : executions.fire(timer)),
  });
  const inbox = createInbox({ store, log, timers, clock, owner: () => executions.formOwner });
  const files = createFiles({ home, store, log, clock });
  const versioning = createVersioning({ store, clock, dir: join(home, 'cache', 'services'), env: {} });
  const executions: Executions = createExecutions({
    store,
    log,
    inbox,
    ...files,
    timers,
    ownership,
    clock,
    logger,
    servicesDir,
    versioning: { ...versioning, bundler: inProcessBundler },
    serviceEnv: env ?? { PATH: process.env.PATH ?? '' },
    serviceIdleMs,
    sessions: () => noSessions,
  });
  await executions.services.ready;
  await ownership.begin();
  await executions.recover();
  timers.start();

  /** The first event that fits, stored or to come. */
  function until(execution: string, fits: (event: Event) => boolean): Promise<Event> {
    return new Promise((resolve, reject) => {
      const stop = log.subscribe(execution, (frame) => {
        if (frame.kind === 'event' && fits(frame.event)) found(frame.event);
      });
      const found = (event: Event) => {
        stop();
        resolve(event);
      };
      log.read(execution, 0, 1000).then((events) => {
        const stored = events.find(fits);
        if (stored) found(stored);
      }, reject);
    });
  }

  return {
    log,
    inbox,
    timers,
    executions,
    ownership,
    files,
    until,
    async launch(service: string, inputs: Parameters<Executions['launch']>[1], key?: string): Promise<string> {
      return (await executions.launch(service, inputs, 'admin', key)).id;
    },
    /** The open request of this name, or the one to come. */
    async asked(execution: string, name?: string): Promise<string> {
      const fits = (event: Event) => event.kind === 'lock' && (name === undefined || event.payload.name === name);
      const event = await until(execution, fits);
      return event.kind === 'lock' ? event.payload.request : '';
    },
    /** How it ended. */
    async ended(execution: string) {
      const isFinal = ({ kind, payload }: Event) =>
        kind === 'status' && ['finished', 'error', 'cancelled'].includes(payload.status);
      await until(execution, isFinal);
      return await executions.get(execution);
    },
    async stop(): Promise<void> {
      await timers.stop();
      await executions.stop();
      if (options.home === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

export type HostRig = Awaited<ReturnType<typeof startHostRig>>;
