import type { ToService } from '@airlock/protocol/service-channel';
import { beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../store/ids.ts';
import { createRuns, type Runs } from './runs.ts';
import type { Replica } from './services.ts';

const yes = { ok: true, value: 'yes' } as const;

let sent: string[];
let released: string[];
let stuck: string[];
/** Outcomes in the log. */
let stored: number;
/** Called in the middle of a load, before its commit. */
let duringLoad: () => void;
let isUp: boolean;
let runs: Runs;

function words(message: ToService): string {
  return message.type === 'outcome' ? `outcome ${message.key}` : message.type;
}

beforeEach(() => {
  sent = [];
  released = [];
  stuck = [];
  stored = 0;
  duringLoad = () => undefined;
  isUp = true;
  const replica: Replica = {
    id: 'r',
    service: 's',
    send: (message) => void sent.push(words(message)),
    get isUp() {
      return isUp;
    },
  };
  runs = createRuns({
    versionOf: () => Promise.resolve({ service: 's', version: null }),
    assign: () => Promise.resolve(replica),
    release: (id) => void released.push(id),
    async load(_id, _replica, attach) {
      await Promise.resolve();
      duringLoad();
      if (attach(stored)) sent.push(`run with ${stored}`);
    },
    onStuck: (id) => void stuck.push(id),
  });
});

const id = newId();

describe('runs', () => {
  it('H1. an outcome committed before the load is in it, one committed after it is sent, and none is both', async () => {
    duringLoad = () => {
      stored = 1;
      runs.deliver(id, 'a', yes);
    };
    await runs.wake(id);
    runs.deliver(id, 'b', yes);
    expect(sent).toEqual(['run with 1', 'outcome b']);
  });

  it('H1. are loaded once, however many want them awake', async () => {
    await Promise.all([runs.wake(id), runs.wake(id), runs.wake(id)]);
    expect(sent).toEqual(['run with 0']);
  });

  it('H1. go into the next process when theirs ended while they were loaded', async () => {
    let loads = 0;
    duringLoad = () => {
      loads += 1;
      isUp = loads > 1;
    };
    await runs.wake(id);
    expect(loads).toBe(2);
    expect(sent).toEqual(['run with 0']);
  });

  it('H2. are resident from the load until they are dropped, or their process ends', async () => {
    expect(runs.isResident(id)).toBe(false);
    const waking = runs.wake(id);
    await Promise.resolve();
    expect(runs.isResident(id)).toBe(false);
    await waking;
    expect(runs.isResident(id)).toBe(true);
    runs.drop(id);
    expect(runs.isResident(id)).toBe(false);
    expect(sent).toEqual(['run with 0', 'forget']);
    await runs.wake(id);
    expect(runs.down([id])).toEqual([id]);
    expect(runs.isResident(id)).toBe(false);
  });

  it('H2. are not brought in any more once dropped on the way', async () => {
    duringLoad = () => runs.drop(id);
    await runs.wake(id);
    expect(runs.has(id)).toBe(false);
    expect(sent).toEqual([]);
    expect(released).toEqual([id]);
  });

  it('H3. are put away only while they wait, the longest waiting first', async () => {
    const [working, first, second] = [newId(), newId(), newId()];
    for (const each of [working, first, second]) await runs.wake(each);
    expect(runs.park(first, 0)).toBe(true);
    expect(runs.park(second, 0)).toBe(true);
    runs.evict(60_000, 2);
    expect([working, first, second].map((each) => runs.isResident(each))).toEqual([true, false, true]);
    runs.evict(-1, 0);
    expect([working, second].map((each) => runs.isResident(each))).toEqual([true, false]);
  });

  it('H3. do not wait any more once they were sent an outcome, nor if they said so before they had it', async () => {
    await runs.wake(id);
    runs.park(id, 0);
    runs.deliver(id, 'a', yes);
    expect(runs.park(id, 0)).toBe(false);
    runs.evict(-1, 0);
    expect(runs.isResident(id)).toBe(true);
    expect(runs.park(id, 1)).toBe(true);
    runs.evict(-1, 0);
    expect(runs.isResident(id)).toBe(false);
  });

  it('tell whose waiting was no work when a process ends', async () => {
    const waiting = newId();
    await runs.wake(id);
    await runs.wake(waiting);
    runs.park(waiting, 0);
    expect(runs.down([id, waiting, newId()])).toEqual([id]);
  });

  it('say when an outcome could not be handed over', async () => {
    duringLoad = () => {
      throw new RangeError('No');
    };
    await expect(runs.wake(id)).rejects.toThrow('No');
    expect(runs.has(id)).toBe(false);
    runs.deliver(id, 'a', yes);
    await expect(runs.wake(id)).rejects.toThrow('No');
    expect(stuck).toEqual([id]);
  });
});
