import { AirlockError, type ErrorCode, type FieldErrors } from '@airlock/protocol/errors';
import type { Shown } from '@airlock/protocol/events';
import { type Id, idSchema } from '@airlock/protocol/ids';
import type { Json, JsonObject } from '@airlock/protocol/json';
import {
  type Call,
  type FromService,
  type Outcome,
  type Turn,
  toServiceSchema,
} from '@airlock/protocol/service-channel';
import { noUsage } from '@airlock/protocol/usage';
import { Execution } from './execution.ts';
import { realClock } from './replay/clock.ts';
import type { Service } from './service.ts';
import { seededRandom, type TestStep, TestTimers } from './testing/time.ts';
import { validate } from './validate.ts';

/** What a service meets in a test. */
export interface Script {
  readonly inputs?: JsonObject;
  /** Claude's part: what a turn says, or the error it fails with. `turn` counts from 0 in each session. */
  readonly session?: (text: string, turn: number, session: string) => string | Partial<Turn> | AirlockError;
  /** Answers by lock name, each given once; `expire` lets the time run out. A lock without one waits for the test. */
  readonly answers?: Readonly<Record<string, readonly (JsonObject | 'expire')[]>>;
  /** Moments (see `ServiceTest.moments`) at which the service process is killed. */
  readonly crashAt?: readonly number[];
}

export type LogEntry =
  | { readonly type: 'call'; readonly key: string; readonly call: Call }
  | { readonly type: 'outcome'; readonly key: string; readonly outcome: Outcome };

export type End =
  | { readonly status: 'finished'; readonly final: Shown }
  | { readonly status: 'error'; readonly error: AirlockError }
  | { readonly status: 'cancelled' };

/** An open lock. */
export interface Asked {
  readonly key: string;
  readonly call: Extract<Call, { kind: 'lock' }>;
}

/** Runs a service in memory, with this object as its host: no process, container or model. */
export class ServiceTest {
  /** Calls and outcomes in order, as a host would have stored them. */
  readonly log: LogEntry[] = [];
  /** Resolves when the service has ended; never rejects. */
  readonly ended: Promise<End>;
  /** Times at which a crash makes a difference: a message arrives, a call is stored, an outcome is stored. */
  moments = 0;
  /** How often the service ran from the top. */
  runs = 0;
  /** Attempts begun of each step, by name. */
  readonly attempts = new Map<string, number>();

  readonly #service: Service;
  readonly #script: Script;
  readonly #end = Promise.withResolvers<End>();
  readonly #open = new Map<string, Asked>();
  readonly #askers: { name: string; resolve(asked: Asked): void }[] = [];
  readonly #taken = new Map<string, number>();
  #execution: Execution;
  #now = Date.UTC(2025, 0, 1);
  #cancelled: AirlockError | undefined;
  readonly #timers = new TestTimers();
  readonly #steps = new Map<string, TestStep>();
  readonly #random = seededRandom(1);

  constructor(service: Service, script: Script = {}) {
    this.#service = service;
    this.#script = script;
    this.ended = this.#end.promise;
    this.#execution = this.#start();
  }

  /** The next open lock of this name that no scripted answer is for. */
  asked(name: string): Promise<Asked> {
    const open = [...this.#open.values()].find(({ call }) => call.name === name);
    if (open === undefined) return new Promise((resolve) => this.#askers.push({ name, resolve }));
    this.#open.delete(open.key);
    return Promise.resolve(open);
  }

  /** Answers a lock; messages by field when the answer was refused and the lock stays open. */
  async answer({ key, call }: Asked, inputs: JsonObject): Promise<FieldErrors | null> {
    const checked = validate(call.elements, inputs);
    if (!checked.ok) return checked.fields;
    const outcome: Outcome = call.lease
      ? await this.#execution.lease(key, checked.values)
      : { ok: true, value: checked.values };
    if (!outcome.ok && outcome.error.fields !== undefined) return outcome.error.fields;
    if (!outcome.ok) throw AirlockError.fromBody(outcome.error);
    this.#store(key, outcome);
    return null;
  }

  /** Lets the time to answer a lock run out. */
  expire({ key, call }: Asked): void {
    if (call.otherwise !== undefined && !call.lease) this.#store(key, { ok: true, value: call.otherwise });
    else if (call.otherwise !== undefined) void this.answer({ key, call }, call.otherwise);
    else this.#store(key, failure(new AirlockError('request_expired', 'Nobody answered in time')));
  }

  /** Kills the service process; the service runs again from the top. */
  crash(): void {
    this.#execution = this.#start();
  }

  /** Asks the execution to end. However it does, it has then been cancelled. */
  cancel(reason = 'Cancelled by the test'): void {
    this.#cancelled ??= new AirlockError('execution_ended', reason);
    this.#execution.cancel(this.#cancelled);
  }

  /** Lets the service process forget the execution, as one that has waited long, and run it again from the top. */
  letGo(): void {
    this.#execution.forget();
    this.#execution = this.#start();
  }

  /** Moves time: sleeps end, steps are tried again and locks expire, in the order of their times. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let due = this.#timers.next(until); due !== undefined; due = this.#timers.next(until)) {
      this.#now = due.at;
      due.act();
    }
    this.#now = until;
  }

  #start(): Execution {
    this.runs += 1;
    const run = toServiceSchema.parse({
      type: 'run',
      execution: testExecution,
      inputs: this.#script.inputs ?? {},
      calls: this.log.filter((entry) => entry.type === 'call'),
      outcomes: this.log.filter((entry) => entry.type === 'outcome'),
    });
    if (run.type !== 'run') throw new AirlockError('internal', 'Expected a run message');
    const execution: Execution = new Execution(
      this.#service,
      run,
      (message) => {
        if (execution === this.#execution) this.#take(JSON.parse(JSON.stringify(message)));
      },
      realClock,
    );
    for (const [key, step] of this.#steps) if (!step.isDelayed) this.#begin(execution, key, step);
    if (this.#cancelled) execution.cancel(this.#cancelled);
    return execution;
  }

  #begin(execution: Execution, key: string, step: TestStep): void {
    step.attempt += 1;
    step.isDelayed = false;
    this.attempts.set(step.call.name, (this.attempts.get(step.call.name) ?? 0) + 1);
    execution.step(key, step.attempt);
  }

  /** Takes how an attempt went, and has it repeated after its pause if it may be. */
  #stepped(key: string, attempt: number, outcome: Outcome): void {
    const step = this.#steps.get(key);
    if (step === undefined || step.isDelayed || step.attempt !== attempt) return;
    const { attempts, delayMs, factor, maxDelayMs } = step.call.retry;
    if (outcome.ok || attempt >= attempts) {
      this.#store(key, outcome);
      return;
    }
    step.isDelayed = true;
    const pause = Math.min(delayMs * factor ** (attempt - 1), maxDelayMs);
    this.#timers.set(key, this.#now + pause, () => this.#begin(this.#execution, key, step));
  }

  /** Counts a moment; whether the process was killed at it. */
  #isKilledNow(): boolean {
    this.moments += 1;
    if (this.#script.crashAt?.includes(this.moments) !== true) return false;
    this.crash();
    return true;
  }

  #take(message: FromService): void {
    if (this.#isKilledNow()) return;
    const isOver = message.type === 'finished' || message.type === 'failed';
    if (isOver && this.#cancelled) this.#end.resolve({ status: 'cancelled' });
    if (message.type === 'finished') this.#end.resolve({ status: 'finished', final: message.final });
    if (message.type === 'failed') this.#end.resolve({ status: 'error', error: AirlockError.fromBody(message.error) });
    if (message.type === 'stepped') this.#stepped(message.key, message.attempt, message.outcome);
    if (message.type !== 'call' || this.log.some(({ type, key }) => type === 'call' && key === message.key)) return;
    const isOutput = message.call.kind === 'log' || message.call.kind === 'emit';
    if (this.#cancelled && !isOutput) return;
    this.log.push({ type: 'call', key: message.key, call: message.call });
    this.#isKilledNow();
    this.#act(message.key, message.call);
  }

  #store(key: string, outcome: Outcome): void {
    if (this.#cancelled || this.log.some((entry) => entry.type === 'outcome' && entry.key === key)) return;
    this.#timers.clear(key);
    this.#steps.delete(key);
    this.#open.delete(key);
    this.log.push({ type: 'outcome', key, outcome });
    if (!this.#isKilledNow()) this.#execution.deliver(key, outcome);
  }

  #act(key: string, call: Call): void {
    if (call.kind === 'emit' || call.kind === 'log') return;
    switch (call.kind) {
      case 'lock':
        this.#timers.set(key, this.#now + call.expiresMs, () => this.expire({ key, call }));
        return this.#ask({ key, call });
      case 'sleep':
        return this.#timers.set(key, this.#now + call.ms, () => this.#store(key, { ok: true, value: null }));
      case 'step': {
        const step: TestStep = { call, attempt: 0, isDelayed: false };
        this.#steps.set(key, step);
        return this.#begin(this.#execution, key, step);
      }
      case 'race': {
        const lost = failure(new AirlockError('withdrawn', 'Another branch of the race was first'));
        for (const loser of call.losers) this.#store(loser, lost);
        return this.#store(key, { ok: true, value: null });
      }
      default:
        return this.#store(key, this.#outcomeOf(call));
    }
  }

  #outcomeOf(call: Exclude<Call, { kind: 'emit' | 'log' | 'lock' | 'sleep' | 'step' | 'race' }>): Outcome {
    switch (call.kind) {
      case 'random':
        return { ok: true, value: this.#random() };
      case 'now':
        this.#now += 1000;
        return { ok: true, value: this.#now };
      case 'session_open':
        return { ok: true, value: { id: testSession } };
      case 'session_send':
        return this.#say(call.session, call.text);
      case 'session_end':
        return { ok: true, value: null };
    }
  }

  #count(name: string): number {
    const count = this.#taken.get(name) ?? 0;
    this.#taken.set(name, count + 1);
    return count;
  }

  #say(session: string, text: string): Outcome {
    const said = this.#script.session?.(text, this.#count(`session ${session}`), session) ?? `You said: ${text}`;
    if (said instanceof AirlockError) return failure(said);
    const turn: Turn = {
      text: '',
      durationMs: 0,
      usage: noUsage,
      ...(typeof said === 'string' ? { text: said } : said),
    };
    return { ok: true, value: turn satisfies Json };
  }

  #ask(asked: Asked): void {
    const { name } = asked.call;
    const scripted = this.#script.answers?.[name]?.[this.#count(`lock ${name}`)];
    if (scripted === 'expire') this.expire(asked);
    else if (scripted !== undefined) void this.#answerScripted(asked, scripted);
    else this.#offer(asked);
  }

  async #answerScripted(asked: Asked, inputs: JsonObject): Promise<void> {
    try {
      if ((await this.answer(asked, inputs)) !== null) this.#ask(asked);
    } catch (thrown) {
      this.#end.resolve({ status: 'error', error: AirlockError.from(thrown) });
    }
  }

  #offer(asked: Asked): void {
    const at = this.#askers.findIndex(({ name }) => name === asked.call.name);
    const asker = this.#askers.splice(at, at === -1 ? 0 : 1)[0];
    if (asker === undefined) this.#open.set(asked.key, asked);
    else asker.resolve(asked);
  }
}

const testExecution: Id = idSchema.parse('01900000-0000-7000-8000-000000000001');
const testSession: Id = idSchema.parse('01900000-0000-7000-8000-000000000002');

function failure(error: AirlockError): Outcome {
  return { ok: false, error: error.toBody() };
}

/** A failure for a script's `session` to return. */
export function turnFailure(code: ErrorCode, detail = 'Failed by the test'): AirlockError {
  return new AirlockError(code, detail);
}

/** What came out of a run with a crash in it. */
export interface CrashRun {
  /** 0: no crash. */
  readonly crashAt: number;
  readonly runs: number;
  readonly end: End;
  readonly log: readonly LogEntry[];
}

/** Runs a fully scripted service once without a crash, then once per moment with a crash at it. */
export async function crashMatrix(service: Service, script: Script): Promise<CrashRun[]> {
  const results: CrashRun[] = [];
  let moments = 0;
  for (let crashAt = 0; crashAt <= moments; crashAt += 1) {
    const test = new ServiceTest(service, { ...script, crashAt: [crashAt] });
    const end = await test.ended;
    if (crashAt === 0) moments = test.moments;
    results.push({ crashAt, runs: test.runs, end, log: test.log });
  }
  return results;
}
