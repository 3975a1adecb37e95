import type { AirlockError } from '@airlock/protocol/errors';
import type { Call, Outcome, RecordedCall } from '@airlock/protocol/service-channel';
import type { Clock } from './clock.ts';
import type { KeyedOutcome } from './history.ts';
import { quietMs } from './quiet.ts';
import { parkMs, Replay } from './replay.ts';

export const now: Call = { kind: 'now' };
export const say = (text: string): Call => ({ kind: 'session_send', session: 'main', text });
export const show = (body: string): Call => ({ kind: 'emit', event: 'action', shown: { type: 'text', body } });
export const ok = (value: string | number): Outcome => ({ ok: true, value });
export const recorded = (key: string, call: Call): RecordedCall => ({ key, call });

/** An event loop turned by hand: `turn` runs one macrotask, `pass` lets timers of one length run out. */
export function handClock() {
  const tasks: (() => void)[] = [];
  let timers: { ms: number; run(): void }[] = [];
  const microtasks = () => new Promise<void>((resolve) => setImmediate(resolve));
  const clock: Clock = {
    macrotask: (run) => void tasks.push(run),
    after: (ms, run) => {
      const timer = { ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
  };
  const pass = async (length: number) => {
    const due = timers.filter(({ ms }) => ms === length);
    timers = timers.filter(({ ms }) => ms !== length);
    for (const { run } of due) run();
    await microtasks();
  };
  const turn = async () => {
    tasks.shift()?.();
    await microtasks();
  };
  return {
    clock,
    turn,
    /** Runs macrotasks until there are none. */
    settle: async () => {
      while (tasks.length > 0) await turn();
    },
    pass: () => pass(parkMs),
    /** Lets it be quiet for as long as a parked function is, twice: the first watch may have seen something. */
    quiet: async () => {
      await pass(quietMs);
      await pass(quietMs);
    },
    left: () => tasks.length,
    /** Whether a timer of this length is set. */
    isSet: (length: number) => timers.some(({ ms }) => ms === length),
  };
}

/** A replay engine and what it did. */
export function engine(calls: RecordedCall[] = [], outcomes: KeyedOutcome[] = []) {
  const hand = handClock();
  const sent: RecordedCall[] = [];
  const failures: AirlockError[] = [];
  const cancels: AirlockError[] = [];
  const parked: number[] = [];
  const port = {
    send: (call: RecordedCall) => void sent.push(call),
    fail: (error: AirlockError) => void failures.push(error),
    cancelled: (error: AirlockError) => void cancels.push(error),
    parked: (delivered: number) => void parked.push(delivered),
  };
  const replay = new Replay({ calls, outcomes }, port, hand.clock);
  return { ...hand, replay, sent, failures, cancels, parked, keys: () => sent.map(({ key }) => key) };
}
