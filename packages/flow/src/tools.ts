import { AirlockError } from '@airlock/protocol/errors';
import type { Json } from '@airlock/protocol/json';
import * as z from 'zod';
import type { Ctx, Tool } from './context.ts';

interface ToolOptions<Input extends z.ZodObject> {
  readonly description: string;
  readonly input: Input;
  /**
   * Runs for one use of the tool. Its `ctx` calls are remembered like those of `run`: after a crash or a long wait it runs
   * again from the top and gets what they gave before. A text is what Claude gets as it is, anything else as JSON; what
   * it throws, Claude is told as a failure.
   */
  readonly run: (input: z.output<Input>, ctx: Ctx<unknown>) => Promise<Json | undefined> | Json | undefined;
  readonly ask?: boolean;
  readonly timeoutMs?: number;
}

/** Defines a tool: its input is checked before it runs. */
export function tool<Input extends z.ZodObject>(options: ToolOptions<Input>): Tool {
  const { input: schema, run, ...about } = options;
  return {
    ...about,
    inputSchema: z.toJSONSchema(schema, { io: 'input' }),
    use: async (input, ctx) => {
      const checked = schema.safeParse(input);
      if (!checked.success) throw new AirlockError('invalid_inputs', z.prettifyError(checked.error));
      return await run(checked.data, ctx);
    },
  };
}
