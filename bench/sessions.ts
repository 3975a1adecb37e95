import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ofKind } from '../test/harness/api.ts';
import { createSetting, type Setting } from '../test/harness/setting.ts';
import { type BareClaude, createBare } from './support/bare-claude.ts';
import { median, printFigures, residentMb } from './support/figures.ts';

/*
 * Airlock beside the bare Agent SDK in a plain container of the same image, in turns with it: `node bench/sessions.ts [rounds]`.
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

/** A conversation that can be given one prompt after another, when it waits for one. Resolves in milliseconds. */
interface Talk {
  /** From the decision to start to the first token. */
  readonly cold: number;
  /** From a prompt to its first token. */
  say(text: string): Promise<number>;
}

async function talkBare(bare: BareClaude, startedAt: number): Promise<Talk> {
  bare.say(prompt(0));
  const { at } = await bare.until('token');
  await bare.until('ended');
  return {
    cold: at - startedAt,
    async say(text) {
      bare.say(text);
      const said = await bare.until('said');
      const token = await bare.until('token');
      await bare.until('ended');
      return token.at - said.at;
    },
  };
}

/** It stays open, so that memory with many of them can be read. */
async function talkAirlock({ api }: Setting): Promise<Talk> {
  const startedAt = Date.now();
  const id = await api.launch('claude-hitl', { prompt: prompt(0) });
  const cold = (await firstToken(api, id, 0)) - startedAt;
  let lock = await api.until(id, ofKind('lock'));
  return {
    cold,
    async say(text) {
      // The page is open before its reader answers.
      const seen = firstToken(api, id, lock.seq);
      await delay(pauseMs);
      const askedAt = Date.now();
      await api.answer(lock.payload.request, { response: text });
      const token = await seen;
      lock = await api.until(id, ofKind('lock'), lock.seq);
      return token - askedAt;
    },
  };
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

/** A sample of Airlock and the one of the bare SDK beside it. */
type Pair = readonly [number, number];

const medians = (pairs: readonly Pair[]): Pair => [
  median(pairs.map(([ours]) => ours)),
  median(pairs.map(([, bare]) => bare)),
];

/** Conversations open when memory is read. */
const most = 10;
const dir = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const setting = await createSetting(script);
try {
  setting.sim.control.setPace(0);
  const start = await createBare(setting, dir);
  const colds: Pair[] = [];
  const laters: Pair[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = Date.now();
    const bare = start();
    const theirs = await talkBare(bare, startedAt);
    const ours = await talkAirlock(setting);
    colds.push([ours.cold, theirs.cold]);
    for (let n = 1; n < turns; n += 1) {
      await delay(pauseMs);
      const their = await theirs.say(prompt(n));
      laters.push([await ours.say(prompt(n)), their]);
    }
    await bare.end();
  }
  for (let open = rounds; open < most; open += 1) await talkAirlock(setting);
  const cold = medians(colds);
  const token = medians(laters);
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
      name: `host with ${Math.max(rounds, most)} conversations open`,
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
