import { AirlockError } from '@airlock/protocol/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog } from '../log/log.ts';
import { openStore, type Store } from '../store/store.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createOwnership, type Ownership, requireHeld } from './ownership.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
/** The store as a second host has it. */
let second: Store;
let now: number;
const clock = () => new Date(now);

beforeEach(async () => {
  temporary = await temporaryStore();
  second = await openStore(temporary.path);
  now = 100_000;
});
afterEach(async () => {
  await second.close();
  await temporary.remove();
});

const host = (store: Store, home: string) => createOwnership({ store, clock, home, leaseMs: 10_000 });

async function write(store: Store, fence: Ownership, execution: string): Promise<'written' | AirlockError> {
  const log = createLog(store, clock, { fence });
  try {
    await store.write((tx) => log.append(tx, execution, [{ kind: 'debug', payload: { text: 'x' } }]));
    return 'written';
  } catch (error) {
    return AirlockError.from(error);
  }
}

describe('ownership', () => {
  it('O1. takes what has no owner, one epoch later, and leaves what has ended', async () => {
    const open = await addExecution(temporary.store);
    const ended = await addExecution(temporary.store);
    await temporary.store.write((tx) =>
      tx.db.updateTable('executions').set({ ended_at: 'then' }).where('id', '=', ended).execute(),
    );
    const a = host(temporary.store, 'a');
    expect(await a.begin()).toEqual([open]);
    expect(a.epochOf(open)).toBe(1);
    expect(await write(temporary.store, a, open)).toBe('written');
    expect(await write(temporary.store, a, ended)).toMatchObject({ code: 'owned_elsewhere' });
  });

  it('O2. keeps a host from writing once another has the execution, whatever it believes', async () => {
    const id = await addExecution(temporary.store);
    const a = host(temporary.store, 'a');
    await a.begin();
    const b = host(second, 'b');
    expect(await b.begin()).toEqual([]);
    now += 10_001;
    expect(await b.claim()).toEqual([id]);
    expect(a.epochOf(id)).toBe(1);
    expect(await write(temporary.store, a, id)).toMatchObject({ code: 'owned_elsewhere' });
    expect(await write(second, b, id)).toBe('written');
    expect(await a.renew()).toEqual([id]);
    await expect(temporary.store.write((tx) => requireHeld(tx, a, id))).rejects.toMatchObject({
      code: 'owned_elsewhere',
    });
  });

  it('O2. keeps writes of an older epoch out, also after the same host has it again', async () => {
    const id = await addExecution(temporary.store);
    const a = host(temporary.store, 'a');
    const b = host(second, 'b');
    await a.begin();
    const before = { host: a.host, epochOf: () => 1 } as const;
    now += 10_001;
    await b.begin();
    expect(await a.renew()).toEqual([id]);
    await b.end();
    expect(await a.claim()).toEqual([id]);
    expect(a.epochOf(id)).toBe(3);
    await expect(temporary.store.write((tx) => requireHeld(tx, before, id))).rejects.toMatchObject({
      code: 'owned_elsewhere',
    });
    await temporary.store.write((tx) => requireHeld(tx, a, id));
  });

  it('O3. takes nothing from a host that is alive, and everything of an earlier one of its installation', async () => {
    const id = await addExecution(temporary.store);
    const a = host(temporary.store, 'a');
    await a.begin();
    const b = host(second, 'b');
    await b.begin();
    for (let step = 0; step < 5; step += 1) {
      now += 9_000;
      expect(await a.renew()).toEqual([]);
      expect(await b.renew()).toEqual([]);
      expect(await b.claim()).toEqual([]);
    }
    const again = host(second, 'a');
    expect(await again.begin()).toEqual([id]);
    expect(await write(temporary.store, a, id)).toMatchObject({ code: 'owned_elsewhere' });
  });

  it('O3. gives everything up at once when it ends in order', async () => {
    const id = await addExecution(temporary.store);
    const a = host(temporary.store, 'a');
    await a.begin();
    await a.end();
    const b = host(second, 'b');
    expect(await b.begin()).toEqual([id]);
  });
});
