import { AirlockError } from '@airlock/protocol/errors';
import type { Context } from 'hono';
import parseRange from 'range-parser';

/** The one range of a file asked for; undefined for all of it, also where several are asked for. */
export function rangeIn(
  c: Context,
  { size, tag }: { readonly size: number; readonly tag: string },
): { start: number; end: number } | undefined {
  const header = c.req.header('range');
  const condition = c.req.header('if-range');
  if (header === undefined || (condition !== undefined && condition !== `"${tag}"`)) return undefined;
  const ranges = parseRange(size, header, { combine: true });
  if (ranges === -1) throw new AirlockError('range_refused', `The file has ${size} bytes`);
  return ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1 ? undefined : ranges[0];
}
