import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
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
  return fork(join(import.meta.dirname, file), args, { stdio: 'inherit' });
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
const row = (name: string, of: (result: Result) => string) => `| ${name} | ${of(ours)} | ${of(bare)} |`;
process.stdout.write(
  [
    `| ${viewers} viewers, ${seconds} s | Airlock | bare node:http |`,
    '|---|---|---|',
    row('token to viewer, p50, ms', ({ p50 }) => p50.toFixed(0)),
    row('token to viewer, p95, ms', ({ p95 }) => p95.toFixed(0)),
    row('token to viewer, slowest, ms', ({ max }) => max.toFixed(0)),
    row('share of a core', ({ cpu }) => `${(cpu * 100).toFixed(0)} %`),
    row('resident memory, MB', ({ memoryMb }) => memoryMb.toFixed(0)),
    row('tokens lost, repeated or out of order', ({ wrong }) => String(wrong)),
    '',
  ].join('\n'),
);
