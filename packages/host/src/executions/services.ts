import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Service, ServiceSummary } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import type { FromService, ServiceManifest, ToService } from '@airlock/protocol/service-channel';
import { type Loaded, type ServiceProcess, startServiceProcess } from './service-process.ts';

/** The services people can start, each in a process of its own that is started again when it ends. */
export interface Services {
  list(): ServiceSummary[];
  get(name: string): Service;
  /** Throws `not_found`, or `service_not_loaded` with the reason. */
  manifest(name: string): ServiceManifest;
  send(name: string, message: ToService): void;
  /** Resolves when every service has said whether it loads. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

interface ServicesOptions {
  /** Each folder in it with a `service.ts` is a service. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onMessage: (service: string, message: FromService) => void;
  /** A process is up; executions of the service must be given to it. `ended` is how the one before it ended. */
  readonly onUp: (service: string, ended: string | undefined) => void;
  readonly logger: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}

interface Slot {
  readonly folder: string;
  loaded: Loaded | undefined;
  process: ServiceProcess | undefined;
}

const firstPauseMs = 200;
const longestPauseMs = 30_000;
/** A process that lived this long starts again without waiting. */
const healthyMs = 60_000;

export function createServices(options: ServicesOptions): Services {
  const slots = findServices(options.dir).map((folder): Slot => ({ folder, loaded: undefined, process: undefined }));
  let stopped = false;
  const ready = Promise.all(slots.map((slot) => keepRunning(slot))).then(() => undefined);

  /** Starts the process of a slot and, later, every process that must follow it. Resolves when the first has loaded. */
  async function keepRunning(slot: Slot, pauseMs = firstPauseMs, ended?: string): Promise<void> {
    const startedAt = performance.now();
    const process = startServiceProcess({
      module: join(options.dir, slot.folder, 'service.ts'),
      env: options.env,
      onMessage: (message) => options.onMessage(nameOf(slot), message),
      onOutput: (text) => options.logger.info({ service: slot.folder, text }, 'Service output'),
    });
    slot.process = process;
    slot.loaded = await process.loaded;
    if (slot.loaded.kind === 'ready') options.onUp(slot.loaded.manifest.name, ended);
    else options.logger.warn({ service: slot.folder, error: slot.loaded.error }, 'Service does not load');
    void process.exited.then(({ reason }) => {
      if (stopped || slot.loaded?.kind === 'unusable') return;
      options.logger.warn({ service: slot.folder, reason }, 'Service process ended; starting it again');
      const healthy = performance.now() - startedAt > healthyMs;
      const pause = healthy ? firstPauseMs : pauseMs;
      setTimeout(() => {
        if (!stopped) void keepRunning(slot, Math.min(pause * 2, longestPauseMs), reason);
      }, pause).unref();
    });
  }

  function find(name: string): Slot {
    const slot = slots.find((candidate) => nameOf(candidate) === name);
    if (!slot) throw new AirlockError('not_found', `There is no service named ${name}`);
    return slot;
  }

  function manifest(name: string): ServiceManifest {
    const { loaded } = find(name);
    if (loaded?.kind === 'ready') return loaded.manifest;
    throw new AirlockError('service_not_loaded', loaded?.error.detail ?? 'It is still loading');
  }

  return {
    ready,
    manifest,
    list: () => slots.map(summaryOf).sort((a, b) => a.title.localeCompare(b.title)),
    get: (name) => {
      const slot = find(name);
      return { ...summaryOf(slot), elements: slot.loaded?.kind === 'ready' ? slot.loaded.manifest.elements : [] };
    },
    send: (name, message) => find(name).process?.send(message),
    async stop() {
      stopped = true;
      for (const slot of slots) slot.process?.kill();
      await Promise.all(slots.map((slot) => slot.process?.exited));
    },
  };
}

function findServices(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).filter((folder) => existsSync(join(dir, folder, 'service.ts')));
}

function nameOf(slot: Slot): string {
  return slot.loaded?.kind === 'ready' ? slot.loaded.manifest.name : slot.folder;
}

function summaryOf(slot: Slot): ServiceSummary {
  if (slot.loaded?.kind === 'ready') {
    const { name, title, description, version, tags } = slot.loaded.manifest;
    return { name, title, description, version, tags, state: 'ready' };
  }
  const problem = slot.loaded?.error.detail ?? 'It is still loading';
  return { name: slot.folder, title: slot.folder, description: '', version: '', tags: [], state: 'unusable', problem };
}
