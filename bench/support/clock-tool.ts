/** A tool the image's settings ask about, which prints when it runs: a call in a script of the simulated model. */
export const clockTool = `{ name: Bash, input: { command: "python3 -c 'import time; print(time.time_ns())'" } }`;

/** The moment in what the tool printed, in milliseconds since 1970. */
export function clockIn(printed = ''): number {
  const ns = /\b\d{19}\b/.exec(printed)?.[0];
  if (ns === undefined) throw new Error(`The tool did not print the clock: ${printed.slice(0, 500)}`);
  return Number(BigInt(ns) / 1000n) / 1000;
}
