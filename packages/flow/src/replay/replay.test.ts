import { AirlockError } from '@airlock/protocol/errors';
import type { Call } from '@airlock/protocol/service-channel';
import { describe, expect, it } from 'vitest';
import { engine, now, ok, recorded, say, show } from './engine.fixture.ts';

describe('Replay', () => {
  it('S1: numbers calls of the same scope, kind and name as they are made', () => {
    const { replay, keys } = engine();
    void replay.call('main', now);
    void replay.call('main', say('a'));
    void replay.call('branch', now);
    void replay.call('main', now);
    expect(keys()).toEqual(['main/now/#0', 'main/session_send/main#0', 'branch/now/#0', 'main/now/#1']);
  });

  it('S2: delivers outcomes in log order, one per macrotask, whatever order the calls were made in', async () => {
    const calls = [recorded('main/now/#0', now), recorded('main/now/#1', now)];
    const { replay, turn } = engine(calls, [
      { key: 'main/now/#1', outcome: ok('second') },
      { key: 'main/now/#0', outcome: ok('first') },
    ]);
    const order: unknown[] = [];
    void replay.call('main', now).outcome.then((value) => order.push(value));
    void replay.call('main', now).outcome.then((value) => order.push(value));
    await turn();
    expect(order).toEqual(['second']);
    await turn();
    expect(order).toEqual(['second', 'first']);
  });

  it('S2: delivers live outcomes the same way, also when two arrive at once', async () => {
    const { replay, turn } = engine();
    const order: unknown[] = [];
    void replay.call('main', now).outcome.then((value) => order.push(value));
    void replay.call('main', now).outcome.then((value) => order.push(value));
    replay.deliver('main/now/#1', ok('second'));
    replay.deliver('main/now/#0', ok('first'));
    await turn();
    expect(order).toEqual(['second']);
    await turn();
    expect(order).toEqual(['second', 'first']);
  });

  it('S2: holds the next outcome back until the function has asked for it', async () => {
    const calls = [recorded('main/now/#0', now)];
    const { replay, turn } = engine(calls, [{ key: 'main/now/#0', outcome: ok(1) }]);
    await turn();
    const { outcome } = replay.call('main', now);
    await turn();
    expect(await outcome).toBe(1);
  });

  it('S3: refuses a call made again with other arguments, naming both', async () => {
    const { replay, failures, sent } = engine([recorded('main/session_send/main#0', say('hello'))]);
    await expect(replay.call('main', say('bye')).outcome).rejects.toThrow(AirlockError);
    expect(failures.map(({ code }) => code)).toEqual(['nondeterministic']);
    expect(failures[0]?.detail).toContain('"text":"hello"');
    expect(failures[0]?.detail).toContain('"text":"bye"');
    expect(sent).toEqual([]);
  });

  it('S3: compares a lock by what it asks, not by how long it waits', () => {
    const lock = (expiresMs: number, text: string): Call => ({
      kind: 'lock',
      name: 'a',
      elements: [{ type: 'markdown', text }],
      expiresMs,
      lease: false,
    });
    const same = engine([recorded('main/lock/a#0', lock(1, 'x'))]);
    void same.replay.call('main', lock(2, 'x'));
    expect(same.failures).toEqual([]);
    const other = engine([recorded('main/lock/a#0', lock(1, 'x'))]);
    other.replay.call('main', lock(1, 'y')).outcome.catch(() => {});
    expect(other.failures).toHaveLength(1);
  });

  it('S4: sends a new call only after every recorded call was made again', () => {
    const { replay, keys } = engine([recorded('main/now/#0', now), recorded('main/emit/action#0', show('x'))]);
    void replay.call('main', say('new'));
    void replay.call('main', now);
    expect(keys()).toEqual(['main/now/#0']);
    void replay.call('main', show('x'));
    expect(keys()).toEqual(['main/now/#0', 'main/session_send/main#0']);
  });

  it('S5: sends a recorded call without an outcome again, but nothing that is stored already', () => {
    const calls = [
      recorded('main/emit/action#0', show('x')),
      recorded('main/now/#0', now),
      recorded('main/now/#1', now),
    ];
    const { replay, keys } = engine(calls, [{ key: 'main/now/#0', outcome: ok(1) }]);
    void replay.call('main', show('x'));
    void replay.call('main', now);
    void replay.call('main', now);
    expect(keys()).toEqual(['main/now/#1']);
  });

  it('S6: fails a parked function whose log has a call it does not make', async () => {
    const { replay, pass, failures, sent } = engine([recorded('main/now/#0', now)]);
    replay.call('main', say('other')).outcome.catch(() => {});
    await pass();
    expect(failures).toEqual([]); // it made a call since the watch began
    await pass();
    expect(failures[0]?.code).toBe('nondeterministic');
    expect(failures[0]?.detail).toContain('main/now/#0');
    expect(failures[0]?.detail).toContain('main/session_send/main#0');
    expect(sent).toEqual([]);
  });

  it('S6: fails a parked function that an outcome waits for in vain', async () => {
    const { pass, turn, failures } = engine([], [{ key: 'main/lock/gone#0', outcome: ok(1) }]);
    await turn();
    await pass();
    await pass();
    expect(failures[0]?.detail).toContain('the outcome of main/lock/gone#0');
  });

  it('S6: leaves a function alone that waits for people with its whole log asked for', async () => {
    const { replay, pass, failures } = engine([recorded('main/now/#0', now)]);
    void replay.call('main', now);
    await pass();
    await pass();
    expect(failures).toEqual([]);
    expect(replay.leftover()).toBeNull();
  });

  it('S7: delivers an outcome once, also when it is sent again', async () => {
    const { replay, turn, left } = engine([recorded('main/now/#0', now)], [{ key: 'main/now/#0', outcome: ok(1) }]);
    const { outcome } = replay.call('main', now);
    replay.deliver('main/now/#0', ok(2));
    await turn();
    replay.deliver('main/now/#0', ok(3));
    expect(await outcome).toBe(1);
    expect(left()).toBe(0);
  });

  it('S8: rejects what waits and takes nothing more after the end', async () => {
    const { replay, turn, sent, failures } = engine();
    const { outcome } = replay.call('main', now);
    replay.deliver('main/now/#0', ok(1));
    replay.close(new AirlockError('execution_ended', 'over'));
    await expect(outcome).rejects.toThrow('over');
    await turn();
    await expect(replay.call('main', now).outcome).rejects.toThrow('over');
    replay.print('stdout', 'late');
    expect(sent).toHaveLength(1);
    expect(failures).toEqual([]);
  });

  it('rejects with the coded error of a failed outcome', async () => {
    const { replay, turn } = engine();
    const { outcome } = replay.call('main', say('x'));
    const error = new AirlockError('claude_stalled', 'silent for 11 minutes');
    replay.deliver('main/session_send/main#0', { ok: false, error: error.toBody() });
    const caught = outcome.catch((thrown: unknown) => thrown);
    await turn();
    expect(await caught).toMatchObject({ code: 'claude_stalled', detail: 'silent for 11 minutes' });
  });

  it('prints nothing twice: output of the past is known by its place in the log', async () => {
    const printed: Call = { kind: 'log', event: 'stdout', text: 'one' };
    const calls = [recorded('main/now/#0', now), recorded('io/log/stdout#1.0', printed)];
    const { replay, turn, keys } = engine(calls, [{ key: 'main/now/#0', outcome: ok(1) }]);
    replay.print('stdout', 'before');
    void replay.call('main', now);
    await turn();
    replay.print('stdout', 'one');
    replay.print('stdout', 'two');
    expect(keys()).toEqual(['io/log/stdout#1.1']);
  });

  it('fails the execution when what it showed could not be stored', () => {
    const { replay, failures } = engine();
    void replay.call('main', show('x'));
    const error = new AirlockError('disk_full', 'no space left');
    replay.deliver('main/emit/action#0', { ok: false, error: error.toBody() });
    expect(failures.map(({ code }) => code)).toEqual(['disk_full']);
  });
});
