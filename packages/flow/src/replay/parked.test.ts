import { AirlockError } from '@airlock/protocol/errors';
import { describe, expect, it } from 'vitest';
import { engine, handClock, now, ok, recorded, say, show } from './engine.fixture.ts';
import { createQuiet, quietMs } from './quiet.ts';

const over = () => new AirlockError('execution_ended', 'over');

describe('createQuiet', () => {
  function quiet() {
    const hand = handClock();
    let heard = 0;
    const watched = createQuiet(hand.clock, () => {
      heard += 1;
    });
    return { ...hand, ...watched, heard: () => heard };
  }

  it('says nothing before something was stirred', async () => {
    const { quiet: wait, heard } = quiet();
    await wait();
    expect(heard()).toBe(0);
  });

  it('tells once per stir, and not while it is stirred', async () => {
    const { stir, quiet: wait, heard, isSet } = quiet();
    stir();
    stir();
    expect(heard()).toBe(0);
    await wait();
    expect(heard()).toBe(1);
    await wait();
    expect(heard()).toBe(1);
    stir();
    await wait();
    expect(heard()).toBe(2);
    expect(isSet(quietMs)).toBe(false);
  });

  it('leaves no timer behind when it is stopped', () => {
    const { stir, stop, isSet } = quiet();
    stir();
    stop();
    stir();
    expect(isSet(quietMs)).toBe(false);
  });
});

describe('parked', () => {
  it('S10: is who waits for the host alone, and has been quiet', async () => {
    const { replay, quiet, parked } = engine();
    void replay.call('main', now);
    expect(parked).toEqual([]);
    await quiet();
    expect(parked).toEqual([0]);
    await quiet();
    expect(parked).toEqual([0]);
  });

  it('S10: is said again after every change, with the outcomes delivered so far', async () => {
    const { replay, quiet, settle, parked } = engine();
    void replay.call('main', now);
    void replay.call('main', say('a'));
    await quiet();
    replay.deliver('main/now/#0', ok(1));
    await settle();
    await quiet();
    void replay.call('main', show('x'));
    await quiet();
    expect(parked).toEqual([0, 1, 1]);
  });

  it('S10: is not who waits for nothing of the host', async () => {
    const { replay, quiet, settle, parked } = engine();
    await quiet();
    void replay.call('main', show('x'));
    void replay.call('main', now);
    replay.deliver('main/now/#0', ok(1));
    await settle();
    await quiet();
    expect(parked).toEqual([]);
  });

  it('S10: is not who runs a step or a lease; it is once they are over', async () => {
    const { replay, quiet, parked } = engine();
    void replay.call('main', now);
    replay.busy(1);
    replay.busy(1);
    await quiet();
    replay.busy(-1);
    await quiet();
    expect(parked).toEqual([]);
    replay.busy(-1);
    await quiet();
    expect(parked).toEqual([0]);
  });

  it('S10: is not who has more in its log, or outcomes to come', async () => {
    const calls = [recorded('main/now/#0', now), recorded('main/now/#1', now), recorded('main/now/#2', now)];
    const { replay, quiet, settle, parked } = engine(calls, [{ key: 'main/now/#1', outcome: ok(1) }]);
    void replay.call('main', now);
    await quiet();
    void replay.call('main', now);
    await quiet();
    void replay.call('main', now);
    await quiet();
    expect(parked).toEqual([]);
    await settle();
    await quiet();
    expect(parked).toEqual([1]);
  });

  it('S10, S9: is not who is cancelled', async () => {
    const { replay, quiet, parked } = engine();
    replay.call('main', now).outcome.catch(() => {});
    replay.cancel(over());
    await quiet();
    expect(parked).toEqual([]);
  });

  it('S10, S8: is not who has ended or was forgotten', async () => {
    const ended = engine();
    ended.replay.call('main', now).outcome.catch(() => {});
    ended.replay.close(over());
    const forgotten = engine();
    void forgotten.replay.call('main', now);
    forgotten.replay.forget(over());
    await ended.quiet();
    await forgotten.quiet();
    expect([ended.parked, forgotten.parked]).toEqual([[], []]);
  });
});

describe('forget', () => {
  it('S8: sends nothing and settles nothing, neither what waits nor what is called later', async () => {
    const { replay, settle, sent, failures } = engine();
    const settled: unknown[] = [];
    const watch = (outcome: Promise<unknown>) => void outcome.finally(() => settled.push('settled'));
    watch(replay.call('main', now).outcome);
    replay.deliver('main/now/#0', ok(1));
    replay.forget(over());
    watch(replay.call('main', say('late')).outcome);
    watch(replay.call('main', show('late')).outcome);
    replay.print('stdout', 'late');
    replay.deliver('main/session_send/main#0', ok(1));
    replay.cancel(over());
    await settle();
    expect(settled).toEqual([]);
    expect(sent).toHaveLength(1);
    expect(failures).toEqual([]);
  });
});
