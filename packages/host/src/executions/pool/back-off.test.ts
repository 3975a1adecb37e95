import { describe, expect, it } from 'vitest';
import { createBackOff } from './back-off.ts';
import { ManualTime } from './fixtures/manual-time.ts';

/** Crashes at once, and says how long the pause was. */
function pauseOf(time: ManualTime, crash: () => void, isOver: () => boolean): number {
  const from = time.now();
  crash();
  while (!isOver()) time.advance(100);
  return time.now() - from;
}

describe('the pause after a crash', () => {
  it('doubles from 200 ms to 30 s, and is short again after 60 s without a crash', () => {
    const time = new ManualTime();
    const backOff = createBackOff(time, () => undefined);
    const next = () =>
      pauseOf(
        time,
        () => backOff.crashed(),
        () => !backOff.isResting,
      );
    const pauses = Array.from({ length: 10 }, next);
    expect(pauses).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    time.advance(59_999);
    expect(next()).toBe(30_000);
    time.advance(60_000);
    expect(next()).toBe(200);
  });

  it('is no longer for several processes that crash together', () => {
    const time = new ManualTime();
    let over = 0;
    const backOff = createBackOff(time, () => {
      over += 1;
    });
    for (let crashes = 0; crashes < 9; crashes += 1) backOff.crashed();
    time.advance(200);
    expect([backOff.isResting, over]).toEqual([false, 1]);
    backOff.crashed();
    backOff.stop();
    time.advance(60_000);
    expect(over).toBe(1);
  });
});
