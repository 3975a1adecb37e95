import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { rolldown } from 'rolldown';
import { ofKind } from '../test/harness/api.ts';
import { containerOf } from '../test/harness/containers.ts';
import { testKey } from '../test/harness/host.ts';
import { createSetting, type Setting } from '../test/harness/setting.ts';
import { printFigures, quantile } from './support/figures.ts';

/*
 * Conversations that begin in a container started ahead of time, beside the bare Agent SDK started ahead of time in a
 * plain container of the same image, round by round in one run; and what runner and bridge take.
 * `node bench/warm.ts [rounds]`.
 */

const rounds = Number(process.argv[2] ?? 20);
const prompt = 'benchmark';
/** So long nobody asks after a container was started: it is ready then, in both. */
const readyMs = 1_500;
const script = `
scenarios:
  - when: { contains: ${prompt} }
    steps: [{ say: A short answer in a few pieces. }]
`;

async function bundleBare(dir: string): Promise<string> {
  const input = join(import.meta.dirname, 'bare-warm.ts');
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm' });
  const path = join(dir, 'bare.mjs');
  writeFileSync(path, output[0].code, { mode: 0o644 });
  return path;
}

/** From the wish to ask to the first token. */
async function runBare(image: string, bare: string, upstream: string): Promise<number> {
  const args = ['run', '--rm', '-i', '--network', 'host', '-v', `${bare}:/bare.mjs:ro`];
  const env = { PROMPT: prompt, ANTHROPIC_BASE_URL: upstream, ANTHROPIC_API_KEY: testKey };
  for (const [name, value] of Object.entries(env)) args.push('-e', `${name}=${value}`);
  const child = spawn('docker', [...args, image, '/app/bin/node', '/bare.mjs'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let askedAt = 0;
  let token = Number.NaN;
  for await (const line of createInterface({ input: child.stdout })) {
    const mark: { ready?: number; token?: number } = JSON.parse(line);
    if (mark.token !== undefined) token = mark.token - askedAt;
    if (mark.ready === undefined) continue;
    await delay(readyMs);
    askedAt = Date.now();
    child.stdin.write('go\n');
  }
  await ended;
  return token;
}

/** From the decision to start to the first token; the conversation is ended then. */
async function runAirlock({ api }: Setting): Promise<number> {
  for (let count = 0; count !== 1; await delay(50)) {
    ({ count } = (await api.call('GET', '/system')).body.warm as { count: number });
  }
  await delay(readyMs);
  const startedAt = Date.now();
  const id = await api.launch('claude-hitl', { prompt });
  let token = Number.NaN;
  for await (const seen of api.watch(id)) {
    if (seen.type !== 'delta') continue;
    token = Date.now() - startedAt;
    break;
  }
  const begun = await api.until(id, ofKind('session'));
  if (begun.payload.detail === undefined) throw new Error('It had no spare');
  const lock = await api.until(id, ofKind('lock'));
  await api.answer(lock.payload.request, { response: 'done' });
  return token;
}

/** Memory of runner and bridge in a conversation's container, in MB: what is shared counts in part. */
async function memoryOf({ api }: Setting): Promise<number> {
  const id = await api.launch('claude-hitl', { prompt });
  const { payload } = await api.until(id, ofKind('session'));
  await api.until(id, ofKind('lock'));
  const { Processes, Titles } = await containerOf(payload.session).top();
  const own = (Processes as string[][]).filter((row) => /\/app\/bin\/(node|bridge)/.test(row.at(-1) ?? ''));
  const pids = own.map((row) => row[Titles.indexOf('PID')]);
  const pss = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]));
  return Math.round(pss.reduce((a, b) => a + b, 0) / 1024);
}

const dir = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const setting = await createSetting(script, { env: { AIRLOCK_WARM: '1' } });
try {
  setting.sim.control.setPace(0);
  const { image } = (await setting.api.call('GET', '/system')).body as { image: { reference: string } };
  const bare = await bundleBare(dir);
  const first = await setting.api.launch('claude-hitl', { prompt });
  await setting.api.until(first, ofKind('lock'));
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await runBare(image.reference, bare, setting.sim.url));
    ours.push(await runAirlock(setting));
  }
  const [p50, p99] = [quantile(ours, 0.5), quantile(ours, 0.99)];
  const memory = await memoryOf(setting);
  printFigures([
    {
      name: 'start in a spare to first token',
      value: p50,
      unit: 'ms p50',
      baseline: `bare SDK, started ahead: ${quantile(theirs, 0.5)} ms`,
      wanted: '≤ 350 ms',
      isMet: p50 <= 350,
    },
    {
      name: '… at worst',
      value: p99,
      unit: 'ms p99',
      baseline: `bare SDK, started ahead: ${quantile(theirs, 0.99)} ms`,
      wanted: '≤ 600 ms',
      isMet: p99 <= 600,
    },
    {
      name: 'runner and bridge of a session',
      value: memory,
      unit: 'MB PSS',
      baseline: '',
      wanted: '≤ 65 MB',
      isMet: memory <= 65,
    },
  ]);
} finally {
  await setting.remove();
  rmSync(dir, { recursive: true, force: true });
}
