import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { hostFlags } from '@airlock/cli/local/host-process';
import { printFigures } from './support/figures.ts';
import type { Order, Seen } from './viewers-clients.ts';
import type { Measured } from './viewers-server.ts';

/*
 * Many viewers of one execution that streams 50 tokens a second, beside a bare node:http server that writes the same
 * bytes to as many, in one run: `node bench/viewers.ts [viewers] [seconds]`.
 */

const viewers = Number(process.argv[2] ?? 1000);
const seconds = Number(process.argv[3] ?? 20);
const tokens = seconds * 50;

type Result = Seen & Measured;

function start(file: string, ...args: string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { stdio: 'inherit', execArgv: [...hostFlags] });
}

async function told<T>(child: ChildProcess): Promise<T> {
  const [message] = await once(child, 'message');
  return message as T;
}

async function run(kind: 'airlock' | 'bare'): Promise<Result> {
  const server = start('viewers-server.ts', kind);
  const { url, token } = await told<{ url: string; token: string }>(server);
  const clients = start('viewers-clients.ts');
  clients.send({ url, token, viewers, tokens } satisfies Order);
  await told(clients);
  const seen = told<Seen>(clients);
  const measured = told<Measured>(server);
  server.send({ tokens });
  const result = { ...(await seen), ...(await measured) };
  const left = once(server, 'exit');
  server.send('close');
  await left;
  return result;
}

const bare = await run('bare');
const ours = await run('airlock');
const baseline = (value: number, unit: string) => `bare node:http: ${value.toFixed(0)} ${unit}`;
printFigures([
  {
    name: `token to ${viewers} viewers`,
    value: ours.p95,
    unit: 'ms p95',
    baseline: baseline(bare.p95, 'ms p95'),
    wanted: '≤ 250 ms',
    isMet: ours.p95 <= 250,
  },
  {
    name: 'the host meanwhile',
    value: ours.cpu * 100,
    unit: '% of a core',
    baseline: baseline(bare.cpu * 100, '%'),
    wanted: '≤ 60 %',
    isMet: ours.cpu <= 0.6,
  },
  {
    name: 'its memory',
    value: ours.memoryMb,
    unit: 'MB',
    baseline: baseline(bare.memoryMb, 'MB'),
    wanted: '≤ 180 MB',
    isMet: ours.memoryMb <= 180,
  },
  {
    name: 'tokens lost, repeated or out of order',
    value: ours.wrong,
    unit: '',
    baseline: baseline(bare.wrong, ''),
    wanted: '0',
    isMet: ours.wrong === 0,
  },
]);
