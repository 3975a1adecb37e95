import { setTimeout as delay } from 'node:timers/promises';
import { ofKind } from '../test/harness/api.ts';
import { createSetting } from '../test/harness/setting.ts';
import { clockIn, clockTool } from './support/clock-tool.ts';
import { type Figure, printFigures } from './support/figures.ts';

/*
 * Open requests of many conversations, answered all at once the moment a host that was started again says that it is ready:
 * `node bench/restarts.ts [conversations]`. Beside the same answers to a host that was not restarted.
 */

const conversations = Number(process.argv[2] ?? 10);
/** The first is not counted: nothing of it was done before. */
const rounds = ['none', 'none', 'kill', 'stop'] as const;
type Round = (typeof rounds)[number];
const script = `
scenarios:
  - when: { contains: ask me }
    steps:
${`      - blocks: [{ tool_use: ${clockTool} }]\n`.repeat(rounds.length)}
      - say: That was all.
`;
/** Whatever the conversations did before is over. */
const pauseMs = 2_000;
const setting = await createSetting(script);
const { api, host } = setting;

const restart: Record<Round, () => Promise<unknown>> = {
  none: () => Promise.resolve(),
  kill: () => host.kill().then(() => host.start()),
  stop: () => host.stop().then(() => host.start()),
};

async function untilReady(): Promise<void> {
  while (!(await fetch(`${host.url}/api/ready`)).ok) await delay(1);
}

/** Milliseconds from the answer of `GET /api/ready`. */
interface Times {
  /** Until every answer was acknowledged. */
  readonly answered: number;
  /** Until the last tool ran. */
  readonly ran: number;
}

async function measure(ids: readonly string[], after: Map<string, number>, how: Round): Promise<Times> {
  const asked = await Promise.all(ids.map((id) => api.until(id, ofKind('request'), after.get(id))));
  await delay(pauseMs);
  await restart[how]();
  await untilReady();
  const readyAt = Date.now();
  await Promise.all(asked.map(({ payload }) => api.answer(payload.request, { decision: 'allow' })));
  const answered = Date.now() - readyAt;
  const ran = await Promise.all(
    ids.map(async (id, n) => {
      const { seq, payload } = await api.until(id, ofKind('tool_result'), asked[n]?.seq);
      after.set(id, seq);
      return clockIn(payload.text) - readyAt;
    }),
  );
  return { answered, ran: Math.max(...ran) };
}

const without = (bare: number) => `without a restart: ${bare.toFixed(0)} ms`;

function answered(name: string, value: number, bare: number): Figure {
  return { name, value, unit: 'ms', baseline: without(bare), wanted: '≤ 1,000 ms', isMet: value <= 1_000 };
}

/** The tools themselves take their time. */
function ran(value: number, bare: number): Figure {
  const more = value - bare;
  const baseline = `${without(bare)}, so ${more < 0 ? '−' : '+'} ${Math.abs(more).toFixed(0)} ms`;
  return { name: '… their tools ran', value, unit: 'ms', baseline, wanted: '≤ + 1,000 ms', isMet: more <= 1_000 };
}

try {
  setting.sim.control.setPace(0);
  const ids: string[] = [];
  for (let n = 0; n < conversations; n += 1) {
    const id = await api.launch('claude-hitl', { prompt: 'ask me' });
    await api.until(id, ofKind('request'));
    ids.push(id);
  }
  const after = new Map<string, number>();
  const times: Times[] = [];
  for (const how of rounds) times.push(await measure(ids, after, how));
  const [, bare, killed, stopped] = times;
  if (!bare || !killed || !stopped) throw new Error('A round is missing');
  const all = `${conversations} requests`;
  printFigures([
    answered(`${all} answered after a SIGKILL`, killed.answered, bare.answered),
    ran(killed.ran, bare.ran),
    answered(`${all} answered after a stop`, stopped.answered, bare.answered),
    ran(stopped.ran, bare.ran),
  ]);
} finally {
  await setting.remove();
}
