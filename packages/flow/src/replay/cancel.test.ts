import { AirlockError } from '@airlock/protocol/errors';
import type { Call } from '@airlock/protocol/service-channel';
import { describe, expect, it } from 'vitest';
import { engine, now, ok, recorded, say, show } from './engine.fixture.ts';
import { cancelKey } from './keys.ts';

const cancelled = new AirlockError('execution_ended', 'by Ada');
const note: Call = { kind: 'log', event: 'debug', text: cancelled.message };
const codeOf = (outcome: Promise<unknown>) => outcome.catch((thrown: AirlockError) => thrown.code);

describe('a cancel', () => {
  it('S9: comes at once where nothing recorded is left, and notes its place', async () => {
    const { replay, cancels, sent } = engine();
    const open = codeOf(replay.call('main', now).outcome);
    replay.cancel(cancelled);
    expect(cancels).toEqual([cancelled]);
    expect(await open).toBe('execution_ended');
    expect(sent.at(-1)).toEqual({ key: cancelKey, call: note });
  });

  it('S9: comes once, with the reason of the first', () => {
    const { replay, cancels, keys } = engine();
    replay.cancel(cancelled);
    replay.cancel(new AirlockError('execution_ended', 'by Bob'));
    expect(cancels).toEqual([cancelled]);
    expect(keys()).toEqual([cancelKey]);
  });

  it('S9: lets every later call fail but output, which still goes out', async () => {
    const { replay, keys } = engine();
    replay.cancel(cancelled);
    expect(await codeOf(replay.call('main', say('late')).outcome)).toBe('execution_ended');
    expect(await replay.call('main', show('bye')).outcome).toBeNull();
    replay.print('stdout', 'printed');
    expect(keys()).toEqual([cancelKey, 'main/emit/action#0', 'io/log/stdout#0.0']);
  });

  it('S9: waits until what was recorded before it is made again', async () => {
    const calls = [recorded('main/now/#0', now), recorded('main/session_send/main#0', say('a'))];
    const { replay, cancels, settle } = engine(calls);
    replay.cancel(cancelled);
    const first = codeOf(replay.call('main', now).outcome);
    await settle();
    expect(cancels).toEqual([]);
    const second = codeOf(replay.call('main', say('a')).outcome);
    await settle();
    expect(cancels).toEqual([cancelled]);
    expect(await Promise.all([first, second])).toEqual(['execution_ended', 'execution_ended']);
  });

  it('S9: waits until every outcome before it is delivered, and what went on with the last has made its calls', async () => {
    const outcomes = [
      { key: 'main/now/#0', outcome: ok(1) },
      { key: 'main/now/#1', outcome: ok(2) },
    ];
    const { replay, cancels, turn, settle, keys } = engine(
      [recorded('main/now/#0', now), recorded('main/now/#1', now)],
      outcomes,
    );
    const first = replay.call('main', now).outcome;
    const shown = replay.call('main', now).outcome.then(() => replay.call('main', show('two')).outcome);
    replay.cancel(cancelled);
    await turn();
    expect(await first).toBe(1);
    expect(cancels).toEqual([]);
    await settle();
    await shown;
    expect(cancels).toEqual([cancelled]);
    expect(keys()).toEqual(['main/emit/action#0', cancelKey]);
  });

  it('S9: comes between two turns of the function, never in the middle of one', async () => {
    const { replay, cancels, settle } = engine([recorded('main/now/#0', now)]);
    replay.cancel(cancelled);
    const outcome = codeOf(replay.call('main', now).outcome);
    expect(cancels).toEqual([]);
    await settle();
    expect(await outcome).toBe('execution_ended');
  });

  it('S9: comes in the same place again, and is noted once, also when emits follow it in the log', async () => {
    const calls = [
      recorded('main/now/#0', now),
      recorded('main/session_send/main#0', say('a')),
      recorded(cancelKey, note),
      recorded('main/emit/action#0', show('bye')),
    ];
    const { replay, cancels, settle, keys, failures, pass } = engine(calls, [{ key: 'main/now/#0', outcome: ok(1) }]);
    replay.cancel(cancelled);
    const sending = replay.call('main', now).outcome.then(() => replay.call('main', say('a')).outcome);
    const said = codeOf(sending);
    await settle();
    expect(await said).toBe('execution_ended');
    expect(cancels).toEqual([cancelled]);
    void replay.call('main', show('bye'));
    void replay.call('main', show('new'));
    expect(replay.leftover()).toBeNull();
    expect(keys()).toEqual(['main/session_send/main#0', 'main/emit/action#1']);
    await pass();
    await pass();
    expect(failures).toEqual([]);
  });

  it('S9: holds new output back until what followed the cancel is shown again', async () => {
    const { replay, keys } = engine([recorded(cancelKey, note), recorded('main/emit/action#0', show('bye'))]);
    replay.cancel(cancelled);
    void replay.call('main', { kind: 'emit', event: 'result', shown: { type: 'text', body: 'more' } });
    expect(keys()).toEqual([]);
    void replay.call('main', show('bye'));
    expect(keys()).toEqual(['main/emit/result#0']);
  });

  it('S9, S7: delivers nothing after it', async () => {
    const { replay, settle, left } = engine();
    const open = codeOf(replay.call('main', now).outcome);
    replay.cancel(cancelled);
    replay.deliver('main/now/#0', ok(1));
    await settle();
    expect(await open).toBe('execution_ended');
    expect(left()).toBe(0);
    expect(replay.leftover()).toBeNull();
  });

  it('S9, S6: of a function that no longer asks for what was recorded before it ends as nondeterministic', async () => {
    const { replay, cancels, failures, pass } = engine([recorded('main/now/#0', now), recorded(cancelKey, note)]);
    replay.cancel(cancelled);
    await pass();
    await pass();
    expect(cancels).toEqual([]);
    expect(failures.map(({ code }) => code)).toEqual(['nondeterministic']);
  });
});
