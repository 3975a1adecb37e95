import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { serve as listen } from '@hono/node-server';
import type { Logger } from 'pino';
import { announce, urlOf } from './announce.ts';
import { createApp } from './api/app.ts';
import { createAuth } from './auth/auth.ts';
import { type BackupCare, createBackupCare } from './backup/care.ts';
import { finishRestore } from './backup/staging.ts';
import { createCaches } from './caches/caches.ts';
import { childEnv, childOptions } from './child-env.ts';
import type { Config } from './config.ts';
import { every } from './executions/every.ts';
import { createExecutions, type Executions } from './executions/executions.ts';
import { createFiles } from './files/files.ts';
import { createModelGateway } from './gateway/gateway.ts';
import { createKeyCheck } from './gateway/key-check.ts';
import { createMcpGateway } from './gateway/mcp-gateway.ts';
import { createSecrets } from './gateway/secrets.ts';
import { lockHome, removeHostFile, writeHostFile } from './host-file.ts';
import { createInbox } from './inbox/inbox.ts';
import { createLog } from './log/log.ts';
import { createLogger } from './logger.ts';
import { createOwnership, type Ownership } from './ownership/ownership.ts';
import { createLocalPlacement } from './placement/local.ts';
import type { WorkerImage } from './placement/placement.ts';
import { listenError, requirePort } from './port.ts';
import { requireImage } from './prepare-image.ts';
import { describeSystem, notReady, upstreamOf } from './readiness.ts';
import { createRepositories } from './repositories/repositories.ts';
import { budgetOf } from './sessions/budget.ts';
import { createSessions } from './sessions/create-sessions.ts';
import { createReaper } from './sessions/reaper.ts';
import type { Sessions } from './sessions/sessions.ts';
import { type Engine, prepareEngine } from './setup.ts';
import { type Simulator, startSimulator } from './simulator.ts';
import { openStore } from './store/store.ts';
import { createTakeOver } from './take-over.ts';
import { renderError, type Terminal } from './terminal.ts';
import { createTimers, isOfInbox } from './timers/timers.ts';
import { createVersioning } from './versions/versioning.ts';
import { openWire } from './wire/open-wire.ts';
import { createRooms } from './workspaces/rooms.ts';
import { createWorkspaces } from './workspaces/workspaces.ts';

/** A running host. */
export interface Host {
  readonly url: string;
  /** Lets go of everything; session containers stay unless told otherwise. */
  stop(options: { sessions: boolean }): Promise<void>;
}

const tickMs = 1_000;

/** Prepares engine and image, then serves until `stop`. Rejects with what is missing and how to get it. */
export async function serve(config: Config, terminal: Terminal, onStop: (sessions: boolean) => void): Promise<Host> {
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const unlock = lockHome(config.home);
  await requirePort(config);
  const logger = createLogger(config.home, config.logLevel);
  finishRestore(config.home);
  const store = await openStore(join(config.home, 'airlock.db'));
  const clock = () => new Date();
  const auth = createAuth(store, clock);
  const simulating = config.model.kind === 'simulated' ? startSimulator(childOptions(config, logger)) : undefined;
  simulating?.catch(() => undefined);

  const engine = await prepareEngine(config, terminal);
  terminal.line(`✓ Engine  ${engine.words}`);
  const image = await requireImage(config, engine);
  terminal.line(`✓ Image   ${image.reference}`);
  const simulator = await simulating;
  terminal.line(
    `✓ Model   ${simulator ? 'simulated: set ANTHROPIC_API_KEY in .env to talk to Claude' : upstreamOf(config)}`,
  );

  const { home, installation } = config;
  const backups = createBackupCare({ home, installation, client: engine.client, store, logger });
  await backups.settle();
  const ownership = createOwnership({ store, clock, home: installation });
  const parts = compose({
    config,
    logger,
    store,
    clock,
    engine,
    image,
    simulator,
    backups,
    ownership,
  });
  const app = createApp({
    auth,
    executions: parts.executions,
    inbox: parts.inbox,
    files: parts.files,
    filesSettled: parts.sessions.filesSettled,
    workspaces: parts.workspaces,
    steering: parts.sessions.steering,
    sessions: parts.sessions,
    caches: parts.caches,
    log: parts.log,
    logger,
    system: () => describeSystem(config, engine, image.reference, parts.sessions.pool),
    notReady: () => notReady(config, engine, image.reference),
    stop: onStop,
    panelDir: join(config.root, 'packages/panel/dist'),
  });
  await parts.executions.services.ready;
  await parts.files.files.sweep();
  await parts.sweepCaches();
  await ownership.begin();
  await parts.sessions.recover();
  await parts.executions.recover();
  parts.timers.start();
  const server = await new Promise<ReturnType<typeof listen>>((resolve, reject) => {
    const started = listen({ fetch: app.fetch, hostname: config.host, port: config.port }, () => resolve(started));
    started.once('error', (error) => reject(listenError(error, config)));
  });
  const url = urlOf(config.host, server.address() as AddressInfo);
  const password = await auth.ensureAdmin(config.adminPassword);
  writeHostFile(config.home, {
    pid: process.pid,
    url,
    startedAt: clock().toISOString(),
    token: await auth.createLocalToken(),
  });
  const timer = setInterval(() => void tick(parts, logger), tickMs);
  announce(terminal, url, password);
  void parts.keys.check().then((problem) => {
    if (problem) terminal.line(renderError(new AirlockError(problem.code, problem.detail)));
  });

  return {
    url,
    async stop({ sessions }) {
      clearInterval(timer);
      removeHostFile(config.home);
      const closed = new Promise((resolve) => server.close(resolve));
      await parts.timers.stop();
      await parts.executions.stop();
      if (sessions) await parts.sessions.endAll();
      const detached = parts.sessions.detach();
      backups.stop();
      await detached;
      await parts.caches.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
      simulator?.stop();
      await ownership.end();
      await store.close();
      unlock();
    },
  };
}

type Parts = ReturnType<typeof compose>;

interface ComposeOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly store: Awaited<ReturnType<typeof openStore>>;
  readonly clock: () => Date;
  readonly engine: Engine;
  readonly image: WorkerImage;
  readonly simulator: Simulator | undefined;
  readonly backups: BackupCare;
  readonly ownership: Ownership;
}

/** Ties the parts together. Inbox, executions and sessions know each other through functions given here. */
function compose(options: ComposeOptions) {
  const { config, logger, store, clock, engine, image, simulator, backups, ownership } = options;
  const log = createLog(store, clock, { fence: ownership });
  const timers = createTimers({
    store,
    clock,
    logger,
    host: ownership.host,
    handler: (timer) => (isOfInbox(timer) ? inbox.fire(timer) : executions.fire(timer)),
  });
  const local = createLocalPlacement({
    client: engine.client,
    home: config.installation,
    quotas: engine.info.name === 'docker',
    startCpus: engine.info.name === 'docker' ? Math.min(2, engine.info.cpus) : 0,
  });
  const placement = backups.guard(local);
  const keys = createKeyCheck({ ...upstream(config, simulator), now: () => clock().getTime() });
  const gateway = createModelGateway({
    ...upstream(config, simulator),
    // After the answer is on its way, and before anything that comes of it can be read.
    onUsage: ({ session, model, usage }) => {
      setImmediate(() => {
        sessions.meter(session, model, usage).catch((error: unknown) => logger.warn({ session, error }, 'Not metered'));
      });
    },
  });
  const secrets = createSecrets(config.secrets);
  const mcp = createMcpGateway({ secrets });
  const inbox = createInbox({
    store,
    log,
    timers,
    clock,
    owner: (kind) => (kind === 'form' ? executions.formOwner : sessions.requestOwner),
  });
  const files = createFiles({ home: config.home, store, log, clock });
  const env = childEnv(config);
  const executions: Executions = createExecutions({
    store,
    log,
    inbox,
    ...files,
    timers,
    ownership,
    clock,
    logger,
    sessions: () => sessions,
    servicesDir: config.servicesDir,
    serviceEnv: env,
    versioning: createVersioning({ store, clock, dir: join(config.home, 'cache', 'services'), env }),
  });
  const { folderOf } = files.files;
  const rooms = createRooms({ placement, image: () => image.reference });
  const workspaces = createWorkspaces({ store, placement, folderOf, rooms, clock, logger });
  const caches = createCaches({
    client: engine.client,
    home: config.home,
    installation: config.installation,
    image: () => image,
    env: config.env,
    clock,
    logger,
  });
  const repositories = createRepositories({ ...config, store, log, placement, folderOf, rooms });
  const sessions: Sessions = createSessions({
    store,
    log,
    inbox,
    files: files.files,
    workspaces,
    repositories,
    caches,
    placement,
    clock,
    logger,
    image: () => image,
    settle: (...args) => executions.settle(...args),
    fence: ownership,
    installation: config.installation,
    mostSpares: config.mostSpares,
    budget: budgetOf(config, engine.info),
    wire: {
      openWire,
      handleModel: (request, session) => gateway.handle(request, session),
      handleMcp: mcp.handle,
      requireSecrets: secrets.require,
      upstreamProblem: (session) => gateway.lastUpstreamError(session),
      forget(session) {
        gateway.forget(session);
        mcp.forget(session);
      },
      keyProblem: keys.check,
    },
  });
  const takeOver = createTakeOver({ ownership, executions, sessions, logger });
  const reap = every(60_000, createReaper({ store, placement, logger }));
  const hour = 60 * 60_000;
  const sweepUploads = every(hour, files.uploads.sweep);
  const sweepCaches = every(hour, caches.sweep);
  const chores = { takeOver, reap, sweepUploads, sweepCaches };
  return { log, inbox, files, workspaces, timers, executions, sessions, caches, keys, backups, ...chores };
}

function upstream(config: Config, simulator: Simulator | undefined) {
  if (config.model.kind === 'api') return { baseUrl: config.model.baseUrl, apiKey: config.model.key };
  return { baseUrl: simulator?.url ?? '', apiKey: 'simulated' };
}

async function tick(parts: Parts, logger: Logger): Promise<void> {
  try {
    await parts.takeOver();
    await parts.executions.check();
    await parts.sessions.checkStalls();
    await parts.sessions.checkSleep();
    await parts.sessions.pool.check();
    await parts.sessions.checkWorkspaces();
    await parts.backups.check();
    await parts.reap();
    await parts.sweepUploads();
    await parts.sweepCaches();
  } catch (error) {
    logger.warn({ error }, 'A timer could not be served; the next round tries again');
  }
}
