import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@airlock/host/store/ids';
import { rolldown } from 'rolldown';
import { type Api, ofKind } from '../test/harness/api.ts';
import { runIn, untilRemoved } from '../test/harness/containers.ts';
import { root, testKey } from '../test/harness/host.ts';
import { isState } from '../test/harness/recall.ts';
import { createServices } from '../test/harness/services.ts';
import { createSetting } from '../test/harness/setting.ts';
import { median, printFigures, residentMb } from './support/figures.ts';

/*
 * Waking beside `docker run` with the bare Agent SDK that resumes, round by round in one run, each with a workspace of
 * 10 MB; and what sleeping sessions cost a host. `node bench/sleep.ts [rounds] [sleeping]`.
 */

const rounds = Number(process.argv[2] ?? 7);
const sleeping = Number(process.argv[3] ?? 500);
const script = `
scenarios:
  - when: { contains: benchmark }
    steps: [{ say: A short answer in a few pieces. }]
`;
const fill = 'for n in $(seq 100); do head -c 104857 /dev/urandom > /workspace/$n.bin; done';

interface Asleep {
  readonly id: string;
  readonly session: string;
  readonly request: string;
  readonly at: number;
}

async function fallAsleep(api: Api): Promise<Asleep> {
  const id = await api.launch('claude-hitl', { prompt: 'benchmark begins' });
  const { payload } = await api.until(id, ofKind('prompt'));
  const lock = await api.until(id, ofKind('lock'));
  await runIn(payload.session, fill);
  const { seq } = await api.until(id, isState('hibernated'), lock.seq);
  await untilRemoved(payload.session);
  return { id, session: payload.session, request: lock.payload.request, at: seq };
}

/** From the answer to the first token. */
async function wake(api: Api, { id, request, at }: Asleep): Promise<number> {
  const seen = firstToken(api, id, at);
  await delay(300);
  const answeredAt = Date.now();
  await api.answer(request, { response: 'benchmark goes on' });
  return (await seen) - answeredAt;
}

async function firstToken(api: Api, id: string, after: number): Promise<number> {
  for await (const seen of api.watch(id, after)) if (seen.type === 'delta') return Date.now();
  return Number.NaN;
}

/** From `docker run` to the first token of a turn; the first one makes what the second resumes. */
async function runBare(image: string, upstream: string): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'airlock-bare-'));
  try {
    for (const name of ['projects', 'workspace']) mkdirSync(join(dir, name));
    for (const name of ['projects', 'workspace']) chmodSync(join(dir, name), 0o777);
    for (let n = 0; n < 100; n += 1) writeFileSync(join(dir, 'workspace', `${n}.bin`), Buffer.alloc(104_857, n));
    const session = randomUUID();
    const env = { SESSION: session, PROMPT: 'benchmark begins' };
    await runOnce(image, upstream, dir, env);
    return await runOnce(image, upstream, dir, { ...env, PROMPT: 'benchmark goes on', RESUME: '1' });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function runOnce(image: string, upstream: string, dir: string, given: Record<string, string>): Promise<number> {
  const env = { ...given, ANTHROPIC_BASE_URL: upstream, ANTHROPIC_API_KEY: testKey };
  const mounts = [
    `${bare}:/bare.mjs:ro`,
    `${dir}/projects:/app/template_user/.claude/projects`,
    `${dir}/workspace:/workspace`,
  ];
  const args = ['run', '--rm', '--network', 'host', '--user', '1000:1000'];
  for (const mount of mounts) args.push('-v', mount);
  for (const [name, value] of Object.entries(env)) args.push('-e', `${name}=${value}`);
  const startedAt = Date.now();
  const child = spawn('docker', [...args, image, '/app/bin/node', '/bare.mjs'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { token }: { token: number } = JSON.parse((await text(child.stdout)).split('\n')[0] ?? '{}');
  return token - startedAt;
}

async function bundleBare(dir: string): Promise<string> {
  const input = join(import.meta.dirname, 'bare-resume.ts');
  const { output } = await (await rolldown({ input, platform: 'node', logLevel: 'silent' })).generate({
    format: 'esm',
  });
  const path = join(dir, 'bare.mjs');
  writeFileSync(path, output[0].code, { mode: 0o644 });
  return path;
}

/** Copies an execution with everything that belongs to it, under ids of its own. Resolves with the new session and request. */
function copyExecution(database: DatabaseSync, { id, session, request }: Asleep): Asleep {
  const copy: Asleep = { id: newId(), session: newId(), request: newId(), at: 0 };
  const renamed = (value: SQLInputValue | undefined) =>
    typeof value === 'string'
      ? value.replaceAll(id, copy.id).replaceAll(session, copy.session).replaceAll(request, copy.request)
      : (value ?? null);
  const tables = { executions: 'id', events: 'execution', calls: 'execution', requests: 'execution' };
  const all = { ...tables, timers: 'execution', sessions: 'execution', transcripts: 'session' };
  for (const [table, column] of Object.entries(all)) {
    const of = column === 'session' ? session : id;
    const rows = database.prepare(`SELECT * FROM ${table} WHERE ${column} = ?`).all(of);
    for (const row of rows) {
      if (table === 'transcripts') delete row.id;
      if (table === 'requests' && row.id !== request) row.id = newId();
      const names = Object.keys(row);
      database
        .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
        .run(...names.map((name) => renamed(row[name])));
    }
  }
  return copy;
}

const services = createServices({
  'claude-hitl': `import { claudeHitl } from '${join(root, 'services/claude-hitl/service.ts')}';
export default claudeHitl({ hibernateMs: 4000 });`,
});
const dir = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const bare = await bundleBare(dir);
const setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
try {
  const { api, host, sim } = setting;
  sim.control.setPace(0);
  const { body } = await api.call('GET', '/system');
  const image = (body.image as { reference: string }).reference;
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    theirs.push(await runBare(image, sim.url));
    const asleep = await fallAsleep(api);
    ours.push(await wake(api, asleep));
    await api.call('POST', `/executions/${asleep.id}/cancel`);
    process.stderr.write(`\rround ${round + 1}: ${ours.at(-1)} ms beside ${theirs.at(-1)} ms\n`);
  }

  const one = await fallAsleep(api);
  await host.stop();
  await host.start();
  await delay(6_000);
  const few = await residentMb(host.pid);
  await host.stop();
  const database = new DatabaseSync(join(host.home, 'airlock.db'));
  const copies = Array.from({ length: sleeping - 1 }, () => copyExecution(database, one));
  database.close();
  await host.start();
  await delay(6_000);
  const many = await residentMb(host.pid);
  const woken = copies.at(-1);
  const late = woken ? await wake(api, woken) : Number.NaN;
  const ratio = median(ours) / median(theirs);
  process.stderr.write(`one of ${sleeping} woke after ${late} ms\n`);
  printFigures([
    {
      name: 'waking to first token, 10 MB in the workspace',
      value: median(ours),
      unit: 'ms',
      baseline: `docker run and bare resume: ${median(theirs)} ms, so × ${ratio.toFixed(2)}`,
      wanted: '≤ × 1.25',
      isMet: ratio <= 1.25,
    },
    {
      name: `memory of ${sleeping} sessions that sleep`,
      value: many - few,
      unit: 'MB',
      baseline: `the host with one: ${few.toFixed(0)} MB`,
      wanted: '< 50 MB',
      isMet: many - few < 50,
    },
  ]);
} finally {
  await setting.remove();
  services.remove();
  rmSync(dir, { recursive: true, force: true });
}
