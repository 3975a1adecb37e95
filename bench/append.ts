import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { addExecution } from '@airlock/host/log/fixtures';
import { createLog } from '@airlock/host/log/log';
import { temporaryStore } from '@airlock/host/store/temporary';
import type { NewEvent } from '@airlock/protocol/events';
import { median, printFigures, timed } from './support/figures.ts';

/*
 * `node bench/append.ts [appends]`: one durable append of an event beside a bare write and fdatasync of as many bytes as
 * SQLite writes for it, in turns; and appends in batches.
 */

const appends = Number(process.argv[2] ?? 1_000);
const batch = 1_000;
const event: NewEvent = { kind: 'debug', payload: { text: 'x'.repeat(200) } };

const { store, path, remove } = await temporaryStore();
const log = createLog(store, () => new Date());
const execution = await addExecution(store);
const append = () => store.write((tx) => log.append(tx, execution, [event]));

/** Bytes the write-ahead log grows by with one append. */
async function bytesOfAppend(): Promise<number> {
  const { statSync } = await import('node:fs');
  const size = () => statSync(`${path}-wal`).size;
  const before = size();
  for (let n = 0; n < 20; n += 1) await append();
  return Math.max(1, Math.round((size() - before) / 20));
}

for (let n = 0; n < 50; n += 1) await append();
const bytes = await bytesOfAppend();
const rawPath = join(path, '..', 'raw');
const raw = openSync(rawPath, 'w');
const page = Buffer.alloc(bytes, 1);
const ours: number[] = [];
const bare: number[] = [];
for (let n = 0; n < appends; n += 1) {
  ours.push(await timed(append));
  bare.push(
    await timed(() => {
      writeSync(raw, page);
      fdatasyncSync(raw);
    }),
  );
}
closeSync(raw);
const batched: number[] = [];
for (let n = 0; n < 10; n += 1) {
  const events = Array.from({ length: batch }, () => event);
  batched.push(await timed(() => store.write((tx) => log.append(tx, execution, events))));
}
const ratio = median(ours) / median(bare);
const perEvent = (median(batched) / batch) * 1000;
printFigures([
  {
    name: 'durable append of one event',
    value: median(ours),
    unit: 'ms',
    baseline: `write + fdatasync of ${bytes} bytes: ${median(bare).toFixed(2)} ms, so × ${ratio.toFixed(2)}`,
    wanted: '≤ × 1.3',
    isMet: ratio <= 1.3,
  },
  {
    name: `append in batches of ${batch}`,
    value: perEvent,
    unit: 'µs an event',
    baseline: `the whole batch: ${median(batched).toFixed(1)} ms`,
    wanted: '≤ 20 µs',
    isMet: perEvent <= 20,
  },
]);
await remove();
rmSync(rawPath, { force: true });
