import * as z from 'zod';
import { plain, plainLine } from './plain.ts';
import { paint, type Terminal } from './terminal.ts';

const entrySchema = z.looseObject({
  level: z.number(),
  time: z.union([z.number(), z.string()]),
  msg: z.string().optional(),
});
const hidden = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'v']);

function levelName(level: number) {
  if (level >= 50) return { name: 'error', style: 'red' } as const;
  if (level >= 40) return { name: 'warn', style: 'yellow' } as const;
  if (level >= 30) return { name: 'info', style: 'green' } as const;
  return { name: 'debug', style: 'dim' } as const;
}

function stackOf(error: unknown): string {
  const { data } = z.object({ stack: z.string() }).safeParse(error);
  return data === undefined ? '' : `\n    ${plain(data.stack).replaceAll('\n', '\n    ')}`;
}

function parse(line: string) {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** A line of the host's log (JSON by pino) for people; a line that is not JSON is shown as it is, made harmless. */
export function renderLogLine(terminal: Terminal, line: string): string {
  const entry = parse(line);
  if (entry === undefined) return `${plain(line)}\n`;
  const date = new Date(entry.time);
  const time = Number.isNaN(date.getTime()) ? String(entry.time) : date.toISOString().replace('T', ' ').slice(0, 23);
  const { name, style } = levelName(entry.level);
  const rest = Object.entries(entry)
    .filter(([key]) => !hidden.has(key) && key !== 'err')
    .map(([key, value]) => ` ${plainLine(key, 40)}=${plainLine(JSON.stringify(value) ?? '', 400)}`)
    .join('');
  const head = `${paint(terminal, 'dim', plainLine(time, 30))} ${paint(terminal, style, name.padEnd(5))}`;
  return `${head} ${plain(entry.msg ?? '')}${paint(terminal, 'dim', rest)}${stackOf(entry.err)}\n`;
}
