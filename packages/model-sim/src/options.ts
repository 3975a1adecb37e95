import { parseArgs } from 'node:util';
import * as z from 'zod';

/** What the command line asks for. */
export interface Options {
  readonly port: number;
  readonly scripts: readonly string[];
  readonly record: string | undefined;
  readonly vary: boolean;
  readonly seed: number;
  readonly pace: number | undefined;
  readonly keys: readonly string[];
}

const usage = `Usage: model-sim [--port N] [--script file.yaml]... [--record file.ndjson] [--vary] [--seed N] [--pace ms] [--key KEY]...`;

/** A command line that cannot be followed. The message says which part. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const wholeNumber = z.string().regex(/^\d+$/, 'give a whole number').transform(Number);

const schema = z.object({
  port: wholeNumber.pipe(z.number().max(65_535)),
  seed: wholeNumber,
  pace: wholeNumber.optional(),
  script: z.array(z.string()).default([]),
  key: z.array(z.string()).default([]),
  record: z.string().optional(),
  vary: z.boolean(),
});

/**
 * Reads the command line.
 *
 * @throws UsageError when it has an unknown option or an impossible value
 */
export function parseOptions(args: readonly string[]): Options {
  const result = schema.safeParse(readArgs(args));
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new UsageError(`--${issue?.path.join('.')}: ${issue?.message}\n${usage}`);
  }
  const { script, key, pace, record, ...rest } = result.data;
  return { ...rest, scripts: script, keys: key, pace, record };
}

function readArgs(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '0' },
        script: { type: 'string', multiple: true },
        record: { type: 'string' },
        vary: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        pace: { type: 'string' },
        key: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${usage}`, { cause: error });
  }
}
