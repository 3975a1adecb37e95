import * as z from 'zod';

/** When the host under test is to kill itself or its service process. */
export const killSchema = z.object({
  victim: z.enum(['host', 'service']),
  /** In the write that appends this event, or right after its commit. */
  moment: z.enum(['before', 'after']),
  seq: z.number().int().positive(),
});
export type Kill = z.infer<typeof killSchema>;

/** The first argument of the host under test, as JSON. */
export const hostSpecSchema = z.object({
  /** Holds the store. */
  home: z.string(),
  /** Names the installation; default `home`. */
  installation: z.string().optional(),
  servicesDir: z.string(),
  vary: z.boolean(),
  kill: killSchema.optional(),
  leaseMs: z.number().optional(),
  /** How often it renews its lease and looks for executions to take over. */
  careMs: z.number().default(200),
});
export type HostSpec = z.input<typeof hostSpecSchema>;

export const toHostSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('launch'), n: z.number(), key: z.string(), inputs: z.record(z.string(), z.json()) }),
  z.object({ type: z.literal('answer'), n: z.number(), request: z.string(), inputs: z.record(z.string(), z.json()) }),
  /** Appends a line to the log of an execution. */
  z.object({ type: z.literal('note'), n: z.number(), execution: z.string(), text: z.string() }),
  z.object({ type: z.literal('kill-service') }),
]);
export type ToHost = z.infer<typeof toHostSchema>;

export type FromHost =
  | { readonly type: 'ready'; readonly host: string }
  | { readonly type: 'done'; readonly n: number; readonly value: string }
  | { readonly type: 'refused'; readonly n: number; readonly code: string; readonly detail: string }
  /** A request was opened, or is open still. */
  | { readonly type: 'asked'; readonly request: string; readonly name: string }
  /** Executions this host took over from another, or lost to one. */
  | { readonly type: 'claimed' | 'lost'; readonly executions: readonly string[] }
  | { readonly type: 'ended'; readonly execution: string; readonly status: string };
