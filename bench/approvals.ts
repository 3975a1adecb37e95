import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ofKind } from '../test/harness/api.ts';
import { createSetting } from '../test/harness/setting.ts';
import { createBare } from './support/bare-claude.ts';
import { clockIn, clockTool } from './support/clock-tool.ts';
import { type Figure, printFigures, quantile } from './support/figures.ts';

/*
 * From a person's leave to the start of the tool, in turns with the bare Agent SDK: `node bench/approvals.ts [times]`. When it
 * starts the tool says itself: it prints the clock, which host and containers share.
 */

const times = Number(process.argv[2] ?? 40);
/** Nobody decides sooner. */
const pauseMs = 300;
const script = `
scenarios:
  - when: { contains: look at the clock }
    steps:
${`      - blocks: [{ tool_use: ${clockTool} }]\n`.repeat(times)}
      - say: It is late.
`;

function figure(name: string, unit: string, share: number, ours: number[], theirs: number[]): Figure {
  const [value, bare] = [quantile(ours, share), quantile(theirs, share)];
  const more = value - bare;
  const baseline = `bare SDK: ${bare.toFixed(0)} ms, so ${more < 0 ? '−' : '+'} ${Math.abs(more).toFixed(0)} ms`;
  return { name, value, unit, baseline, wanted: '≤ + 60 ms', isMet: more <= 60 };
}

const dir = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const setting = await createSetting(script);
try {
  const { api } = setting;
  setting.sim.control.setPace(0);
  const bare = (await createBare(setting, dir))();
  bare.say('look at the clock');
  const id = await api.launch('claude-hitl', { prompt: 'look at the clock' });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let n = 0, at = 0; n < times; n += 1) {
    await bare.until('asked');
    const request = await api.until(id, ofKind('request'), at);
    await delay(pauseMs);
    bare.allow();
    const allowed = await bare.until('allowed');
    theirs.push(clockIn((await bare.until('result')).text) - allowed.at);
    await delay(pauseMs);
    const answeredAt = Date.now();
    await api.answer(request.payload.request, { decision: 'allow' });
    const result = await api.until(id, ofKind('tool_result'), request.seq);
    ours.push(clockIn(result.payload.text) - answeredAt);
    at = result.seq;
  }
  await bare.end();
  printFigures([
    figure('leave to the start of the tool', 'ms p95', 0.95, ours, theirs),
    figure('… median', 'ms', 0.5, ours, theirs),
  ]);
} finally {
  await setting.remove();
  rmSync(dir, { recursive: true, force: true });
}
