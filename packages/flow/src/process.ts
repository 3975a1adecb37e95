import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AirlockError } from '@airlock/protocol/errors';
import type { FromService } from '@airlock/protocol/service-channel';
import { createExecutions } from './process/executions.ts';
import { catchFaults } from './process/faults.ts';
import { resolveImports } from './process/imports.ts';
import { captureOutput } from './process/output.ts';
import { realClock } from './replay/clock.ts';
import { isService, type Service } from './service.ts';

/*
 * Entry of a service process: `node process.ts <path of the service module> <folder of its source>`, started by the host
 * with an IPC channel. Its first message is `manifest` or `unusable`; then it serves any number of executions at once. It ends when the
 * channel does.
 */

function send(message: FromService): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function load(path: string | undefined, origin: string | undefined): Promise<Service> {
  if (path === undefined) throw new AirlockError('service_not_loaded', 'No path of a service module was given');
  const { href } = pathToFileURL(path);
  if (origin !== undefined) resolveImports(href, pathToFileURL(join(origin, 'service.ts')).href);
  const module: unknown = await import(href);
  const service = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
  if (isService(service)) return service;
  throw new AirlockError('service_not_loaded', `${origin ?? path} has no default export made with defineService`);
}

function giveUp(thrown: unknown): void {
  const stack = thrown instanceof Error && !(thrown instanceof AirlockError) ? thrown.stack : undefined;
  const error = AirlockError.from(stack ?? thrown, 'service_not_loaded');
  const message: FromService = { type: 'unusable', error: error.toBody() };
  process.exitCode = 1;
  process.send?.(message, undefined, undefined, () => process.exit());
}

async function main(): Promise<void> {
  process.once('disconnect', () => process.exit());
  // Ctrl-C reaches every process of the terminal; this one ends when the host does.
  process.on('SIGINT', () => {});
  const service = await load(process.argv[2], process.argv[3]);
  captureOutput();
  catchFaults();
  const executions = createExecutions(service, send, realClock);
  process.on('message', (message) => executions.take(message));
  send({ type: 'manifest', manifest: service.manifest });
  // The host ends it without notice, and Node would write the cache only at an exit of its own.
  flushCompileCache();
}

main().catch(giveUp);
