import { beforeEach, describe, expect, it } from 'vitest';
import { ManualTime } from './fixtures/manual-time.ts';
import { createPulse, type Pulse } from './pulse.ts';

let time: ManualTime;
let pulse: Pulse;
beforeEach(() => {
  time = new ManualTime();
  pulse = createPulse(time);
});

function watch({ answers }: { answers: boolean }) {
  const seen = { pings: 0, isLost: false };
  const beat = pulse.watch({
    ping: () => {
      seen.pings += 1;
      if (answers) beat.answered();
    },
    onLost: () => {
      seen.isLost = true;
    },
  });
  return { seen, beat };
}

describe('the pulse', () => {
  it('I1. is lost after three pings in a row without an answer', () => {
    const { seen } = watch({ answers: false });
    time.advance(19_999);
    expect(seen).toEqual({ pings: 3, isLost: false });
    time.advance(1);
    expect(seen).toEqual({ pings: 3, isLost: true });
  });

  it('I1. begins anew with every answer, also one that comes late', () => {
    const { seen, beat } = watch({ answers: false });
    for (let round = 0; round < 5; round += 1) {
      time.advance(14_000);
      beat.answered();
    }
    expect(seen.isLost).toBe(false);
  });

  it('I1. gives a process that has just been started all its time', () => {
    watch({ answers: true });
    time.advance(4_999);
    const { seen } = watch({ answers: false });
    time.advance(15_000);
    expect(seen.isLost).toBe(false);
  });

  it('I1. holds nothing against a process while the host was held up', () => {
    const { seen } = watch({ answers: false });
    time.advance(15_000);
    time.stall(60_000);
    time.stall(60_000);
    expect(seen.isLost).toBe(false);
    time.advance(14_999);
    expect(seen.isLost).toBe(false);
    time.advance(1);
    expect(seen.isLost).toBe(true);
  });

  it('stops for one process without stopping for another', () => {
    const first = watch({ answers: true });
    const second = watch({ answers: true });
    first.beat.stop();
    time.advance(10_000);
    expect([first.seen.pings, second.seen.pings]).toEqual([0, 2]);
    second.beat.stop();
    time.advance(10_000);
    expect(second.seen.pings).toBe(2);
  });
});
