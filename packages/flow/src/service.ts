import { AirlockError } from '@airlock/protocol/errors';
import type { Shown } from '@airlock/protocol/events';
import type { Json } from '@airlock/protocol/json';
import { type ServiceManifest, serviceManifestSchema } from '@airlock/protocol/service-channel';
import * as z from 'zod';
import { type Ctx, createContext, defaultAnswerMs } from './context.ts';
import type { ContextPort } from './context-port.ts';
import type { Form } from './form.ts';

export interface ServiceDefinition<Inputs> {
  /** Lower case, digits and dashes; names it in addresses and for good. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Default `0.1.0`. */
  readonly version?: string;
  readonly tags?: readonly string[];
  /** What people fill in to start it. */
  readonly form: Form<Inputs>;
  readonly policy?: {
    /** Processes of the service on one host; executions are spread over them. Default 1. */
    readonly replicas?: number;
    /** Executions that run at the same time, on all hosts together; the others wait their turn. Default: no limit. */
    readonly maxConcurrent?: number;
    /** How long an ended execution is kept, with its files, in milliseconds. Default: for ever. */
    readonly keepMs?: number;
  };
  /** In milliseconds. */
  readonly timeouts?: {
    /** How long people have to answer a lock that says nothing else. Default 7 days. */
    readonly answerMs?: number;
    /** How long an execution may take; then it is stopped as an error. Default: no limit. */
    readonly executionMs?: number;
    /** How long one that is cancelled has to end by itself. Default 30 seconds. */
    readonly cancelMs?: number;
  };
  /**
   * The work. Whatever it does to the outside goes through `ctx`: after a crash it runs again from the top and gets
   * the outcomes it had. A text it returns is the final Markdown; `{type, body}` is shown as such, other values as JSON.
   */
  readonly run: (ctx: Ctx<Inputs>) => Promise<Json | Shown | undefined>;
}

const brand = Symbol.for('airlock.service');

/** A service ready to be run by Airlock; the default export of its module. */
export interface Service {
  readonly [brand]: true;
  readonly manifest: ServiceManifest;
  readonly answerMs: number;
  /** Runs it once against a port. */
  start(port: ContextPort): Promise<unknown>;
}

/** Defines a service. Throws a `service_not_loaded` error when its description is not valid. */
export function defineService<Inputs>(definition: ServiceDefinition<Inputs>): Service {
  const { answerMs = defaultAnswerMs, ...timeouts } = definition.timeouts ?? {};
  const manifest = serviceManifestSchema.safeParse({
    name: definition.name,
    title: definition.title,
    description: definition.description,
    version: definition.version ?? '0.1.0',
    tags: [...(definition.tags ?? [])],
    elements: [...definition.form.elements],
    policy: { ...definition.policy, ...timeouts },
  });
  if (!manifest.success) throw new AirlockError('service_not_loaded', z.prettifyError(manifest.error));
  return {
    [brand]: true,
    manifest: manifest.data,
    answerMs,
    start: async (port) => definition.run(createContext(port, definition.form.parse(port.inputs))),
  };
}

export function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && brand in value && value[brand] === true;
}
