import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';

/** How long requests took, in milliseconds: to a host, and to a server that does nothing, in turn. */
export interface HealthWatch {
  readonly host: readonly number[];
  readonly idle: readonly number[];
  stop(): Promise<void>;
}

const idleServer = `
  const server = require('node:http').createServer((_, response) => response.end('{}'));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** In a thread of its own, which nothing else keeps waiting. Requests that fail are left out. */
const watcher = `
  const { parentPort, workerData } = require('node:worker_threads');
  async function time(name, url) {
    const from = performance.now();
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) parentPort.postMessage({ name, ms: performance.now() - from });
  }
  async function look() {
    for (const [name, url] of Object.entries(workerData)) await time(name, url);
    setTimeout(look, 200);
  }
  void look();
`;

export async function watchHealth(host: string): Promise<HealthWatch> {
  const child = spawn(process.execPath, ['-e', idleServer], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const took = { host: [] as number[], idle: [] as number[] };
  const workerData = { host: `${host}/api/health`, idle: `http://127.0.0.1:${port}` };
  const worker = new Worker(watcher, { eval: true, workerData });
  worker.on('message', ({ name, ms }: { name: keyof typeof took; ms: number }) => took[name].push(ms));
  return {
    ...took,
    async stop() {
      child.kill();
      await worker.terminate();
    },
  };
}
