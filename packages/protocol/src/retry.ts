import * as z from 'zod';
import { durationSchema as duration } from './durations.ts';

/** When a step that failed is tried again. Times in milliseconds. */
export const retrySchema = z.object({
  /** How often the step is run at most, the first time included. */
  attempts: z.number().int().min(1).max(1000).default(1),
  /** Pause before the second attempt; each later one is `factor` times as long, up to `maxDelayMs`. */
  delayMs: duration.default(1000),
  factor: z.number().min(1).max(10).default(2),
  maxDelayMs: duration.default(60_000),
});
export type Retry = z.infer<typeof retrySchema>;
