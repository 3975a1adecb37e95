import type { SingleFrame } from '@airlock/protocol/wire';
import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, it } from 'vitest';
import { createAsks } from './asks.ts';
import { createPuttingOff } from './putting-off.ts';

const message = (of: object) => of as SDKMessage;
const call = message({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 'a' }] } });
const another = message({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 'b' }] } });
const result = message({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 'a' }] } });
const deferred = message({ type: 'result', terminal_reason: 'tool_deferred' });

function rig({ wasPutOff = false } = {}) {
  const frames: SingleFrame[] = [];
  const send = (frame: SingleFrame) => void frames.push(frame);
  const asks = createAsks({ send, isFree: () => false, onEdited: () => undefined });
  const commit = Promise.withResolvers<void>();
  const leaving = new AbortController();
  const interrupt = () => Promise.resolve(leaving.abort());
  const committed = () => commit.promise;
  const putting = createPuttingOff({ asks, send, tell: send, committed, interrupt, wasPutOff });
  const hold = () => putting.hold({ toolUseId: 'a', tool: 'Bash', input: {} }, leaving.signal);
  const putOff = () => putting.take({ type: 'put_off', requestId: 'a' });
  const types = () => frames.map(({ type }) => type);
  /** A message comes, and what people are shown of it. */
  const hear = (said: SDKMessage) => {
    const isLast = putting.see(said);
    if (said.type === 'user') send({ type: 'note', text: 'a result' });
    putting.tellWaits();
    return isLast;
  };
  return { frames, asks, commit, putting, leaving, hear, hold, putOff, types };
}

describe('a call that is held', () => {
  it('H17. is put off when it is told to, once it was said that it could be', async () => {
    const { frames, hear, leaving, hold, putOff, types } = rig();
    const held = hold();
    expect(types()).toEqual(['ask']);
    expect(hear(call)).toBe(false);
    expect(frames[1]).toEqual({ type: 'waits', requestId: 'a' });
    putOff();
    expect(await held).toBe('put_off');
    leaving.abort();
    expect(hear(deferred)).toBe(true);
    // Its ask stays open.
    expect(types()).toEqual(['ask', 'waits']);
  });

  it('H17. is not when there is another call by then, and may be once that is done', () => {
    const { hear, hold, putOff, types } = rig();
    hear(call);
    void hold();
    hear(another);
    putOff();
    expect(types()).toEqual(['ask', 'waits', 'not_put_off']);
    hear(message({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 'b' }] } }));
    // What is shown is work, after which it waits again.
    expect(types()).toEqual(['ask', 'waits', 'not_put_off', 'note', 'waits']);
  });

  it('H17. is not when it was answered at that moment, or is not known', async () => {
    const { asks, hear, hold, putOff, types } = rig();
    putOff();
    hear(call);
    const held = hold();
    asks.answer('a', { behavior: 'allow' });
    putOff();
    expect(await held).toBe('decided');
    expect(types()).toEqual(['not_put_off', 'ask', 'waits', 'not_put_off']);
  });

  it('says that the container stays when the CLI went on all the same', async () => {
    const { hear, hold, putOff, types } = rig();
    hear(call);
    const held = hold();
    putOff();
    await held;
    expect(hear(result)).toBe(false);
    expect(types()).toEqual(['ask', 'waits', 'ask_withdrawn', 'not_put_off', 'note']);
    expect(hear(deferred)).toBe(false);
  });
});

describe('a call that was put off', () => {
  it('H18. is decided once the host has committed that it is, and never put off again', async () => {
    const { frames, asks, commit, putting, hold, putOff, types } = rig({ wasPutOff: true });
    expect(putting.isAwaited).toBe(true);
    const done: string[] = [];
    const held = hold().then((how) => done.push(how));
    expect(putting.isAwaited).toBe(false);
    putOff();
    asks.answer('a', { behavior: 'allow' });
    await new Promise(setImmediate);
    expect(types()).toEqual(['ask', 'not_put_off', 'taken_up']);
    expect(frames.at(-1)).toEqual({ type: 'taken_up', toolUseId: 'a' });
    expect(done).toEqual([]);
    commit.resolve();
    await held;
    expect(done).toEqual(['decided']);
  });

  it('H18. is not when the CLI is gone before', async () => {
    const { leaving, hold, types } = rig({ wasPutOff: true });
    const held = hold();
    leaving.abort();
    expect(await held).toBe('decided');
    expect(types()).toEqual(['ask', 'ask_withdrawn']);
  });

  it('is stopped as soon as the CLI takes it up, and asked about no more, when that was said before', async () => {
    const { putting, hold, types } = rig({ wasPutOff: true });
    putting.stopFirst();
    expect(await hold()).toBe('decided');
    expect(types()).toEqual([]);
  });

  it('is not waited for any more when it has a result without being asked about', () => {
    const { putting, hear } = rig({ wasPutOff: true });
    hear(another);
    expect(putting.isAwaited).toBe(true);
    hear(result);
    expect(putting.isAwaited).toBe(false);
  });
});
