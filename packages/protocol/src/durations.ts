import * as z from 'zod';

/** Longest time a timer can have, in milliseconds: 10 years. */
const longestMs = 10 * 365 * 24 * 60 * 60 * 1000;
/** Milliseconds. */
export const durationSchema = z.number().int().nonnegative().max(longestMs);
