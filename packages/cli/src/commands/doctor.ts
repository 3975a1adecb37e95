import * as z from 'zod';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { runHost } from '../local/host-process.ts';
import { plain } from '../plain.ts';
import { paint, printJson, type Terminal } from '../terminal.ts';

const checkSchema = z.object({
  name: z.string(),
  state: z.enum(['ok', 'warn', 'fail']),
  detail: z.string(),
  /** What to do about it. */
  fix: z.string().optional(),
});
const reportSchema = z.object({ checks: z.array(checkSchema) });
type Check = z.infer<typeof checkSchema>;

const marks = { ok: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'] } as const;

function render(terminal: Terminal, check: Check): string {
  const [style, mark] = marks[check.state];
  const fix = check.state === 'ok' || check.fix === undefined ? '' : `\n  → ${plain(check.fix)}`;
  return `${paint(terminal, style, mark)} ${plain(check.name)} — ${plain(check.detail)}${fix}\n`;
}

function parse(stdout: string): z.infer<typeof reportSchema> | undefined {
  try {
    return reportSchema.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}

/** Lets the host check its surroundings and shows the outcome; exit code 1 when a check failed. */
export async function doctor(context: Context, options: { json?: boolean }): Promise<number> {
  const { terminal } = context;
  const { code, stdout, stderr } = await runHost(context.settings, ['doctor', '--json']);
  const report = parse(stdout);
  if (report === undefined) {
    const detail = stderr.trim() || `it ended with code ${code} and no report`;
    throw new Failure('The checks could not be run', detail, 'Correct what is named, then run `airlock doctor` again');
  }
  if (options.json === true) printJson(terminal, report);
  else for (const check of report.checks) terminal.out(render(terminal, check));
  return report.checks.some((check) => check.state === 'fail') ? 1 : 0;
}
