import type { Json } from '../json.ts';

/** A value as it is kept, or what is wrong with it. */
export type Checked = { readonly value: Json } | { readonly problem: string };

export const required: Checked = { problem: 'A value is required' };

/** Longest text a field without a limit of its own takes, in UTF-16 units. */
export const defaultMaxLength = 100_000;
