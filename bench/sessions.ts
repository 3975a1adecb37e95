import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { rolldown } from 'rolldown';
import { ofKind } from '../test/harness/api.ts';
import { testKey } from '../test/harness/host.ts';
import { createSetting, type Setting } from '../test/harness/setting.ts';
import { median, printFigures, residentMb } from './support/figures.ts';

/*
 * Airlock beside the bare Agent SDK in a plain container of the same image, round by round in one run:
 * `node bench/sessions.ts [rounds]`.
 */

const rounds = Number(process.argv[2] ?? 7);
const turns = 6;
/** Nobody answers sooner; without it a turn pays for what the one before it leaves to be done. */
const pauseMs = 500;
const script = `
scenarios:
  - when: { contains: benchmark }
    steps: [{ say: A short answer in a few pieces. }]
`;
const prompt = (n: number) => `benchmark turn ${n}`;

interface Round {
  /** From the decision to start to the first token. */
  readonly cold: number;
  /** From a prompt to its first token, turns after the first. */
  readonly token: number[];
}

/** Bundles the bare program into a file of its own. */
async function bundleBare(dir: string): Promise<string> {
  const bundle = await rolldown({ input: join(import.meta.dirname, 'bare.ts'), platform: 'node', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm' });
  const path = join(dir, 'bare.mjs');
  writeFileSync(path, output[0].code, { mode: 0o644 });
  return path;
}

async function runBare(image: string, bare: string, upstream: string): Promise<Round> {
  const prompts = JSON.stringify(Array.from({ length: turns }, (_, n) => prompt(n)));
  const env = { PROMPTS: prompts, PAUSE_MS: String(pauseMs), ANTHROPIC_BASE_URL: upstream, ANTHROPIC_API_KEY: testKey };
  const args = ['run', '--rm', '--network', 'host', '-v', `${bare}:/bare.mjs:ro`];
  for (const [name, value] of Object.entries(env)) args.push('-e', `${name}=${value}`);
  const startedAt = Date.now();
  const child = spawn('docker', [...args, image, '/app/bin/node', '/bare.mjs'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const asked: number[] = [];
  const tokens: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const mark: { asked?: number; token?: number } = JSON.parse(line);
    if (mark.asked !== undefined) asked.push(mark.asked);
    if (mark.token !== undefined) tokens.push(mark.token);
  }
  return { cold: (tokens[0] ?? Number.NaN) - startedAt, token: later(tokens).map((at, n) => at - (asked[n + 1] ?? 0)) };
}

const later = (values: number[]) => values.slice(1);

/** One conversation; it stays open, so that memory with many of them can be read. */
async function runAirlock({ api }: Setting): Promise<Round> {
  const startedAt = Date.now();
  const id = await api.launch('claude-hitl', { prompt: prompt(0) });
  const cold = (await firstToken(api, id, 0)) - startedAt;
  const token: number[] = [];
  let at = 0;
  for (let n = 1; n < turns; n += 1) {
    const lock = await api.until(id, ofKind('lock'), at);
    // The page is open before its reader answers.
    const seen = firstToken(api, id, lock.seq);
    await delay(pauseMs);
    const askedAt = Date.now();
    await api.answer(lock.payload.request, { response: prompt(n) });
    token.push((await seen) - askedAt);
    at = lock.seq;
  }
  await api.until(id, ofKind('lock'), at);
  return { cold, token };
}

/** When the first live text after event `after` came, in milliseconds since 1970. */
async function firstToken(api: Setting['api'], id: string, after: number): Promise<number> {
  for await (const seen of api.watch(id, after)) if (seen.type === 'delta') return Date.now();
  return Number.NaN;
}

/** The process in which the host runs `claude-hitl`. */
function serviceOf(host: number): number {
  const children = readFileSync(`/proc/${host}/task/${host}/children`, 'utf8').trim().split(' ').map(Number);
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('claude-hitl'));
  if (found === undefined) throw new Error('The host has no process of the service');
  return found;
}

const dir = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const setting = await createSetting(script);
try {
  setting.sim.control.setPace(0);
  const image = await imageOf(setting);
  const bare = await bundleBare(dir);
  const ours: Round[] = [];
  const theirs: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await runBare(image, bare, setting.sim.url));
    ours.push(await runAirlock(setting));
  }
  while (ours.length < 10) ours.push(await runAirlock(setting));
  const cold = [median(ours.slice(0, rounds).map((r) => r.cold)), median(theirs.map((r) => r.cold))] as const;
  const token = [median(ours.flatMap((r) => r.token)), median(theirs.flatMap((r) => r.token))] as const;
  const [host, service] = [await residentMb(setting.host.pid), await residentMb(serviceOf(setting.host.pid))];
  const ratio = cold[0] / cold[1];
  printFigures([
    {
      name: 'cold start to first token',
      value: cold[0],
      unit: 'ms',
      baseline: `bare SDK: ${cold[1]} ms, so × ${ratio.toFixed(2)}`,
      wanted: '≤ × 1.3',
      isMet: ratio <= 1.3,
    },
    {
      name: 'later prompt to first token',
      value: token[0],
      unit: 'ms',
      baseline: `bare SDK: ${token[1]} ms, so + ${token[0] - token[1]} ms`,
      wanted: '≤ + 15 ms',
      isMet: token[0] - token[1] <= 15,
    },
    {
      name: `host with ${ours.length} conversations open`,
      value: host,
      unit: 'MB',
      baseline: '',
      wanted: '≤ 180 MB',
      isMet: host <= 180,
    },
    {
      name: 'process of their service',
      value: service,
      unit: 'MB',
      baseline: '',
      wanted: '≤ 90 MB',
      isMet: service <= 90,
    },
  ]);
} finally {
  await setting.remove();
  rmSync(dir, { recursive: true, force: true });
}

async function imageOf({ api }: Setting): Promise<string> {
  const { body } = await api.call('GET', '/system');
  return (body.image as { reference: string }).reference;
}
