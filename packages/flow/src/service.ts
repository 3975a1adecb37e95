import { AirlockError } from '@airlock/protocol/errors';
import type { Shown } from '@airlock/protocol/events';
import type { Json } from '@airlock/protocol/json';
import { type ServiceManifest, serviceManifestSchema, servicePolicySchema } from '@airlock/protocol/service-channel';
import * as z from 'zod';
import { type ContextPort, type Ctx, createContext, defaultAnswerMs } from './context.ts';
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
  readonly policy?: z.input<typeof servicePolicySchema>;
  readonly timeouts?: {
    /** How long people have to answer a lock that says nothing else. Default 7 days. */
    readonly answerMs?: number;
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
  const manifest = serviceManifestSchema.safeParse({
    name: definition.name,
    title: definition.title,
    description: definition.description,
    version: definition.version ?? '0.1.0',
    tags: [...(definition.tags ?? [])],
    elements: [...definition.form.elements],
    policy: servicePolicySchema.parse(definition.policy ?? {}),
  });
  if (!manifest.success) throw new AirlockError('service_not_loaded', z.prettifyError(manifest.error));
  return {
    [brand]: true,
    manifest: manifest.data,
    answerMs: definition.timeouts?.answerMs ?? defaultAnswerMs,
    start: async (port) => definition.run(createContext(port, definition.form.parse(port.inputs))),
  };
}

export function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && brand in value && value[brand] === true;
}
