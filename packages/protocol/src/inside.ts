import * as z from 'zod';

/** Most processes that are told of. */
export const mostProcesses = 200;

const count = z.number().nonnegative();
const use = z.object({ bytes: count, limit: count });

export const processSchema = z.object({
  /** As it is counted in the container. */
  pid: z.number().int().positive(),
  /** What we know it as, else its program. Any program may call itself so. */
  name: z.string(),
  /** How it was called, cut after 600 characters. Hostile text. */
  command: z.string(),
  memoryBytes: count,
  /** Whole seconds of CPU it has used. */
  cpuSeconds: count,
  startedAt: z.iso.datetime(),
});
export type Process = z.infer<typeof processSchema>;

/** What a session's container is doing at a moment. */
export const insideSchema = z.object({
  at: z.iso.datetime(),
  /** Why there is nothing to see; null when there is. */
  why: z.string().nullable(),
  /** Null when the session has no container now. */
  container: z
    .object({
      startedAt: z.iso.datetime(),
      /** CPUs in use over the last half second. */
      cpu: z.object({ cores: count, limit: count }),
      /** Without what the kernel only keeps to read it sooner. */
      memory: use,
      /** Processes, each with all of its threads. */
      pids: z.object({ count, limit: count }),
      /** Measured every 10 seconds at most; `bytes` is null until it is. */
      workspace: z.object({ bytes: count.nullable(), limit: count }),
      /** Those that use most CPU first, 200 at most. */
      processes: z.array(processSchema).max(mostProcesses),
      /** Whether there are more. */
      isCut: z.boolean(),
    })
    .nullable(),
});
export type Inside = z.infer<typeof insideSchema>;

/** Begins each line of a container's log that Claude Code printed; the runner says the others. */
export const claudeMark = 'claude| ';

/** What programs of a session's container printed. Hostile text. */
export const sessionLogSchema = z.object({
  /** Why there are no lines; null when there are, or could be. */
  why: z.string().nullable(),
  /** Of the container it has now, the oldest first. `claude`: Claude Code, `runner`: the program that runs it. */
  lines: z.array(z.object({ at: z.iso.datetime(), by: z.enum(['runner', 'claude']), text: z.string() })),
  /** What is known of the ends of its containers before, the oldest first, 10 at most. */
  earlier: z.array(z.object({ at: z.iso.datetime(), text: z.string() })),
});
export type SessionLog = z.infer<typeof sessionLogSchema>;
