import { newExecutionRow } from '@airlock/host/executions/execution-row';
import { type ListOptions, listExecutions } from '@airlock/host/executions/listing';
import { listOpenRequests, type OpenQuery } from '@airlock/host/inbox/open-requests';
import type { Store } from '@airlock/host/store/store';
import { temporaryStore } from '@airlock/host/store/temporary';
import { type Figure, median, printFigures, quantile, timed } from './support/figures.ts';

/* `node bench/list.ts`: the first page of the list with 100,000 executions in the store, beside the same with 1,000. */

const many = 100_000;
const few = 1_000;
const statuses = ['finished', 'finished', 'finished', 'error', 'cancelled', 'running', 'awaiting'];

async function fill(store: Store, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    await store.write(async (tx) => {
      for (let n = from; n < Math.min(from + 1_000, count); n += 1) {
        const inputs = {
          prompt: `Look into report ${n} and say what is odd about it, in a few words. ${'x'.repeat(150)}`,
        };
        const row = newExecutionRow(n % 3 === 0 ? 'approval' : 'claude-hitl', 'A service', inputs, 'ada', new Date());
        const status = statuses[n % statuses.length] ?? 'finished';
        await tx.db
          .insertInto('executions')
          .values({ ...row, status, ended_at: status === 'running' || status === 'awaiting' ? null : row.started_at })
          .execute();
      }
    });
  }
}

const pages: readonly (ListOptions & { name: string })[] = [
  { name: 'first page', limit: 50 },
  { name: 'first page of a status', limit: 50, status: 'awaiting' },
  { name: 'first page of words many have', limit: 50, q: 'report' },
  { name: 'first page of words none has', limit: 50, q: 'not there at all' },
];

async function measure(count: number): Promise<Map<string, number[]>> {
  const { store, remove } = await temporaryStore();
  await fill(store, count);
  const inbox = { listOpen: (query: OpenQuery) => listOpenRequests(store, query) };
  const sources = { store, inbox, clock: () => new Date(), before: () => undefined };
  const times = new Map<string, number[]>();
  for (const { name, ...page } of pages) {
    await listExecutions(sources, page);
    const samples: number[] = [];
    for (let n = 0; n < 40; n += 1) samples.push(await timed(() => listExecutions(sources, page)));
    times.set(name, samples);
  }
  await remove();
  return times;
}

const small = await measure(few);
const large = await measure(many);
const figures = [...large].map(([name, samples]): Figure => {
  const p95 = quantile(samples, 0.95);
  const baseline = `with ${few.toLocaleString('en')}: ${median(small.get(name) ?? []).toFixed(1)} ms`;
  return { name, value: p95, unit: 'ms p95', baseline, wanted: '≤ 50 ms', isMet: p95 <= 50 };
});
printFigures(figures);
