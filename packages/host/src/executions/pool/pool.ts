import { AirlockError, type ErrorBody } from '@airlock/protocol/errors';
import type { FromService, ServiceManifest, ToService } from '@airlock/protocol/service-channel';
import { createBackOff } from './back-off.ts';
import type { Guard } from './guard.ts';
import { type Pulse, silenceSeconds } from './pulse.ts';
import { type Loaded, notLoaded, type ServiceProcess, startServiceProcess } from './service-process.ts';
import type { Time } from './time.ts';

/*
 * The processes of one service.
 *
 * V1. An execution is in one process at most, and only what that process says of it is handed on.
 * V2. A process nobody needs costs nothing: it is stopped after a while, also the last, and started on demand.
 * V3. A crash costs the executions of that process their place, and nobody else's; those that were still waiting for
 *     a place keep waiting. The next start waits, longer with every crash.
 */

/** One process of a service, from its start to its end. */
export interface Replica {
  readonly id: string;
  readonly service: string;
  readonly isUp: boolean;
  /** Does nothing when the process has ended. */
  send(message: ToService): void;
}

export interface Pool {
  /** What the service says of itself, once it has loaded. */
  readonly manifest: ServiceManifest | undefined;
  /** Why its last start failed, if it did. */
  readonly problem: ErrorBody | undefined;
  /** Starts the first process. Resolves when it has said whether the service loads. */
  load(): Promise<void>;
  /**
   * The process an execution is to run in: where it is already, else the one with the fewest, started if need be.
   * Resolves when that is up, however many crashes that takes; with one that is down if it was released before.
   */
  assign(execution: string): Promise<Replica>;
  release(execution: string): void;
  of(execution: string): Replica | undefined;
  stop(): Promise<void>;
}

export interface PoolOptions {
  /** Name of the service until it has said it. */
  readonly folder: string;
  /** Absolute path of the service module; asked for each time a process is started. */
  readonly module: () => string;
  /** Absolute path of the folder it was made of. */
  readonly origin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly time: Time;
  readonly pulse: Pulse;
  readonly guard: Guard;
  /** How long a process without executions is kept. */
  readonly idleMs: number;
  readonly onMessage: (replica: Replica, message: FromService) => void;
  /** A process has ended, and these executions were in it. */
  readonly onDown: (service: string, executions: readonly string[], reason: string) => void;
  readonly logger: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
}

interface Member {
  readonly replica: Replica;
  readonly process: ServiceProcess;
  readonly executions: Set<string>;
  state: 'starting' | 'up' | 'down';
  answered(): void;
  stopPulse(): void;
  stayUp(): void;
}

const nothing = () => undefined;

export function createPool(options: PoolOptions): Pool {
  const { folder, time, logger } = options;
  const members = new Set<Member>();
  const seats = new Map<string, Member>();
  const waiting = new Map<string, PromiseWithResolvers<Replica>>();
  const backOff = createBackOff(time, seatWaiting);
  let manifest: ServiceManifest | undefined;
  let problem: ErrorBody | undefined;
  let started = 0;
  let isStopped = false;

  const nameOf = () => manifest?.name ?? folder;

  function start(): Member {
    started += 1;
    const process = startServiceProcess({
      module: options.module(),
      origin: options.origin,
      env: options.env,
      time,
      guard: options.guard,
      onMessage: (message) => take(member, message),
      onOutput: (text) => logger.info({ service: folder, text }, 'Service output'),
    });
    const member = createMember(`${folder}#${started}`, nameOf, process);
    members.add(member);
    void process.loaded.then((loaded) => onLoaded(member, loaded));
    void process.exited.then((reason) => onExited(member, reason));
    return member;
  }

  function onLoaded(member: Member, loaded: Loaded): void {
    if (member.state !== 'starting' || isStopped) return;
    const said = manifest ? sameService(manifest, loaded) : loaded;
    problem = said.kind === 'unusable' ? said.error : undefined;
    if (said.kind === 'unusable') {
      logger.warn({ service: folder, error: said.error }, 'Service does not load');
      member.process.kill('it does not load');
      return;
    }
    manifest = said.manifest;
    member.state = 'up';
    const beat = options.pulse.watch({
      ping: (n) => member.process.send({ type: 'ping', n }),
      onLost: () => member.process.kill(`no answer for ${silenceSeconds} s, its code does not return`),
    });
    member.answered = beat.answered;
    member.stopPulse = beat.stop;
    for (const execution of member.executions) seated(execution, member);
    if (member.executions.size === 0) letRest(member);
  }

  function onExited(member: Member, reason: string): void {
    members.delete(member);
    const before = member.state;
    member.state = 'down';
    member.stopPulse();
    member.stayUp();
    if (before === 'down' || isStopped) return;
    const lost: string[] = [];
    for (const execution of member.executions) {
      seats.delete(execution);
      if (!waiting.has(execution)) lost.push(execution);
    }
    member.executions.clear();
    logger.warn(
      { service: folder, replica: member.replica.id, executions: lost.length, reason },
      'Service process ended',
    );
    backOff.crashed();
    if (lost.length > 0) options.onDown(nameOf(), lost, reason);
    seatWaiting();
  }

  /** V1 */
  function take(member: Member, message: FromService): void {
    if (message.type === 'pong') member.answered();
    else if (!('execution' in message) || seats.get(message.execution) === member) {
      options.onMessage(member.replica, message);
    }
  }

  function seatWaiting(): void {
    for (const execution of waiting.keys()) if (!seats.has(execution)) seat(execution);
  }

  /** Gives it a place if there is one now; the end of the pause after a crash comes back to it. */
  function seat(execution: string): void {
    const member = pick();
    if (!member) return;
    member.stayUp();
    member.executions.add(execution);
    seats.set(execution, member);
    if (member.state === 'up') seated(execution, member);
  }

  function seated(execution: string, member: Member): void {
    waiting.get(execution)?.resolve(member.replica);
    waiting.delete(execution);
  }

  function pick(): Member | undefined {
    const live = [...members].filter(({ state }) => state !== 'down');
    const [fewest] = live.toSorted((a, b) => a.executions.size - b.executions.size);
    const isFull = live.length >= (manifest?.policy.replicas ?? 1);
    if (fewest && (fewest.executions.size === 0 || isFull || backOff.isResting)) return fewest;
    return backOff.isResting ? undefined : start();
  }

  /** V2 */
  function letRest(member: Member): void {
    member.stayUp = time.after(options.idleMs, () => {
      member.state = 'down';
      member.stopPulse();
      member.process.kill('nobody needs it');
    });
  }

  return {
    get manifest() {
      return manifest;
    },
    get problem() {
      return problem;
    },

    async load() {
      await start().process.loaded;
    },

    async assign(execution) {
      if (isStopped) throw stopping();
      const at = seats.get(execution);
      if (at?.state === 'up') return at.replica;
      const known = waiting.get(execution);
      if (known) return known.promise;
      const wait = Promise.withResolvers<Replica>();
      waiting.set(execution, wait);
      seat(execution);
      return wait.promise;
    },

    release(execution) {
      waiting.get(execution)?.resolve(nowhere(nameOf()));
      waiting.delete(execution);
      const member = seats.get(execution);
      if (!member) return;
      seats.delete(execution);
      member.executions.delete(execution);
      if (member.state === 'up' && member.executions.size === 0) letRest(member);
    },

    of: (execution) => {
      const member = seats.get(execution);
      return member?.state === 'up' ? member.replica : undefined;
    },

    async stop() {
      isStopped = true;
      backOff.stop();
      for (const { reject } of waiting.values()) reject(stopping());
      waiting.clear();
      for (const { process } of members) process.kill('Airlock is stopping');
      await Promise.all([...members].map(({ process }) => process.exited));
    },
  };
}

function createMember(id: string, service: () => string, process: ServiceProcess): Member {
  const member: Member = {
    replica: {
      id,
      get service() {
        return service();
      },
      get isUp() {
        return member.state === 'up';
      },
      send: (message) => process.send(message),
    },
    process,
    executions: new Set(),
    state: 'starting',
    answered: nothing,
    stopPulse: nothing,
    stayUp: nothing,
  };
  return member;
}

/** A module that has come to define another service is of no use to the executions of the first. */
function sameService({ name }: ServiceManifest, loaded: Loaded): Loaded {
  if (loaded.kind === 'unusable' || loaded.manifest.name === name) return loaded;
  return notLoaded(`It is called ${loaded.manifest.name} now and was ${name}`);
}

function nowhere(service: string): Replica {
  return { id: `${service}#0`, service, isUp: false, send: nothing };
}

function stopping(): AirlockError {
  return new AirlockError('host_stopping', 'Its service is being stopped');
}
