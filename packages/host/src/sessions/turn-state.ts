import * as z from 'zod';

/** What is read of an entry; the rest is the CLI's own. */
export const entrySchema = z
  .object({
    type: z.string(),
    timestamp: z.iso.datetime().optional().catch(undefined),
    message: z
      .object({
        id: z.string().optional(),
        model: z.string().optional(),
        stop_reason: z.string().nullish(),
        content: z.union([z.string(), z.array(z.object({ type: z.string(), text: z.string().optional() }))]),
      })
      .optional()
      .catch(undefined),
  })
  .catch({ type: 'unknown' });
export type Entry = z.infer<typeof entrySchema>;

/** How far a turn had come when its container was lost. */
export type TurnState =
  /** The CLI never took the prompt. */
  | { readonly kind: 'unsaid' }
  /** It did, and Claude had not answered yet. */
  | { readonly kind: 'unanswered' }
  /** Claude had begun. */
  | { readonly kind: 'cut' }
  /** Claude was done; only word of it was lost. */
  | { readonly kind: 'finished'; readonly text: string; readonly durationMs: number };

/** Reads a turn from the main transcript's entries, the prompt's own first. */
export function readTurn(entries: readonly Entry[]): TurnState {
  const said = entries.filter((entry) => entry.type === 'user' || isClaude(entry));
  if (!said.some(isClaude)) return { kind: 'unanswered' };
  const last = said.at(-1);
  if (!last || !isClaude(last) || last.message?.stop_reason !== 'end_turn') return { kind: 'cut' };
  return { kind: 'finished', text: lastText(said, last.message.id), durationMs: between(said.at(0), last) };
}

/** Said by the model; what the CLI says in its place has a model of its own. */
function isClaude({ type, message }: Entry): boolean {
  return type === 'assistant' && message?.model !== '<synthetic>';
}

/** The last text of a message, which has an entry for each of its blocks. */
function lastText(said: readonly Entry[], messageId: string | undefined): string {
  const blocks = said
    .filter((entry) => isClaude(entry) && entry.message?.id === messageId)
    .flatMap(({ message }) => (typeof message?.content === 'object' ? message.content : []));
  return blocks.findLast(({ type }) => type === 'text')?.text ?? '';
}

function between(first: Entry | undefined, last: Entry): number {
  if (first?.timestamp === undefined || last.timestamp === undefined) return 0;
  return Math.max(0, Date.parse(last.timestamp) - Date.parse(first.timestamp));
}
