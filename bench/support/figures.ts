/** The value below which `share` of the samples lie. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (samples: readonly number[]) => quantile(samples, 0.5);

/** One line of a benchmark's table. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, measured in the same run. */
  readonly baseline: string;
  readonly wanted: string;
  readonly isMet: boolean;
}

const round = (value: number) => (value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2));

/** Prints figures as a Markdown table. */
export function printFigures(figures: readonly Figure[]): void {
  const rows = figures.map(({ name, value, unit, baseline, wanted, isMet }) =>
    [name, `${round(value)} ${unit}`, baseline, wanted, isMet ? 'yes' : 'no'].join(' | '),
  );
  const head = ['figure', 'measured', 'baseline', 'wanted', 'met'].join(' | ');
  process.stdout.write(`| ${head} |\n| --- | --- | --- | --- | --- |\n`);
  for (const row of rows) process.stdout.write(`| ${row} |\n`);
}

/** How long `work` takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** Resident memory of a process, in MB; its own if none is given. Linux only. */
export async function residentMb(pid: number | 'self' = 'self'): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}
