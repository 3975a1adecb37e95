import type { Delta } from '@airlock/protocol/events';
import { idSchema } from '@airlock/protocol/ids';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { addExecution } from './fixtures.ts';
import type { LogFrame } from './frames.ts';
import { createLog, type Log } from './log.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let execution: string;
const session = newId();

beforeEach(async () => {
  temporary = await temporaryStore();
  log = createLog(temporary.store, () => new Date(0));
  execution = await addExecution(temporary.store);
});
afterEach(() => temporary.remove());

const say = (text: string) =>
  temporary.store.write((tx) => log.append(tx, execution, [{ kind: 'debug', payload: { text } }]));
const delta = (text: string, block = 0): Delta => ({
  session: idSchema.parse(session),
  messageId: 'm1',
  block,
  kind: 'text',
  text,
});

describe('log.append()', () => {
  it('numbers events without gaps and tells subscribers after the commit', async () => {
    const frames: LogFrame[] = [];
    log.subscribe(execution, (frame) => frames.push(frame));
    await say('one');
    await say('two');
    const stored = await log.read(execution, 0, 10);
    expect(stored.map((event) => event.seq)).toEqual([1, 2]);
    expect(frames.map((frame) => frame.kind === 'event' && frame.event.seq)).toEqual([1, 2]);
  });

  it('tells nobody of a write that failed', async () => {
    const frames: LogFrame[] = [];
    log.subscribe(execution, (frame) => frames.push(frame));
    const failing = temporary.store.write(async (tx) => {
      await log.append(tx, execution, [{ kind: 'debug', payload: { text: 'lost' } }]);
      throw new RangeError('no');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(frames).toEqual([]);
    await say('kept');
    expect((await log.read(execution, 0, 10)).map((event) => event.seq)).toEqual([1]);
  });
});

describe('log.read()', () => {
  it('names a row that cannot be read', async () => {
    await say('fine');
    await temporary.store.write(async (tx) => {
      await tx.db.updateTable('events').set({ payload: '{"nonsense":1}' }).execute();
    });
    await expect(log.read(execution, 0, 10)).rejects.toMatchObject({
      code: 'store_unusable',
      detail: `Event 1 of execution ${execution} cannot be read`,
    });
  });
});

describe('live text', () => {
  it('is unfinished until its block is stored', async () => {
    log.live(execution, delta('Hel'));
    log.live(execution, delta('lo'));
    expect(log.unfinished(execution)).toMatchObject([{ messageId: 'm1', told: 'Hello' }]);
    const payload = { session: idSchema.parse(session), messageId: 'm1', block: 0, text: 'Hello' };
    await temporary.store.write((tx) => log.append(tx, execution, [{ kind: 'message', payload }]));
    expect(log.unfinished(execution)).toEqual([]);
  });

  it('is taken back from viewers when the wire of its session is lost', () => {
    const frames: LogFrame[] = [];
    log.subscribe(execution, (frame) => frames.push(frame));
    log.live(execution, delta('half a'));
    log.retractSession(execution, session);
    expect(frames.map((frame) => frame.kind)).toEqual(['live', 'retract']);
    expect(log.unfinished(execution)).toEqual([]);
  });
});
