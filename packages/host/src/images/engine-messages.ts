import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import * as z from 'zod';

/** One line of the engine's answer to a build, pull or import. */
const messageSchema = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  id: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
});
export type EngineMessage = z.infer<typeof messageSchema>;

/** Reads the answer to its end; throws the error it carries, and whatever breaks it off. */
export async function readMessages(answer: Readable, onMessage: (message: EngineMessage) => void): Promise<void> {
  const broken = new Promise<never>((_, reject) => answer.once('error', reject));
  await Promise.race([readLines(answer, onMessage), broken]);
}

async function readLines(answer: Readable, onMessage: (message: EngineMessage) => void): Promise<void> {
  for await (const line of createInterface({ input: answer, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    const message = messageSchema.parse(JSON.parse(line));
    onMessage(message);
    if (message.error !== undefined) throw new Error(message.error);
  }
}

/** Adds up what the layers of a pull have loaded. */
export class PullProgress {
  readonly #layers = new Map<string, { current: number; total: number }>();

  /** Percent of the bytes announced so far; undefined while none are. */
  take({ id, status, progressDetail }: EngineMessage): number | undefined {
    const total = progressDetail?.total;
    if (id !== undefined && total !== undefined && status === 'Downloading') {
      this.#layers.set(id, { current: progressDetail?.current ?? 0, total });
    }
    const known = id === undefined ? undefined : this.#layers.get(id);
    if (known !== undefined && status === 'Download complete') known.current = known.total;
    let current = 0;
    let announced = 0;
    for (const layer of this.#layers.values()) {
      current += layer.current;
      announced += layer.total;
    }
    return announced === 0 ? undefined : Math.floor((100 * current) / announced);
  }
}
