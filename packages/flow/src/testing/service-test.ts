import { AirlockError, type FieldErrors } from '@airlock/protocol/errors';
import { validate } from '@airlock/protocol/forms/validate';
import type { JsonObject } from '@airlock/protocol/json';
import type { Call, FromService, Outcome, ToolResult } from '@airlock/protocol/service-channel';
import type { Execution } from '../execution.ts';
import type { Service } from '../service.ts';
import { OpenLocks } from './open-locks.ts';
import { createOutcomes, type Immediate } from './outcomes.ts';
import { startRun, watchSteps } from './run.ts';
import { type Asked, type End, failure, type LogEntry, type Recording, type Script } from './script.ts';
import { TestFiles } from './test-files.ts';
import { pauseAfter, type TestStep, TestSteps } from './test-steps.ts';
import { TestTools } from './test-tools.ts';
import { TestTime } from './time.ts';

/**
 * Runs a service in memory, with this object as its host: no process, container or model. Time stands still but for
 * `advance` and `finish`; each `ctx.now` takes a second.
 */
export class ServiceTest {
  /** Calls and outcomes in order, as a host would have stored them. */
  readonly log: LogEntry[] = [];
  readonly #end = Promise.withResolvers<End>();
  /** Resolves when the service has ended; never rejects. */
  readonly ended = this.#end.promise;
  /**
   * Times at which a crash makes a difference: a message arrives, a call is stored, an outcome is stored, an attempt of a
   * step begins, an attempt is in the middle of its work.
   */
  moments = 0;
  /** How often the service ran from the top. */
  runs = 0;

  readonly #service: Service;
  readonly #script: Script;
  readonly #locks = new OpenLocks();
  readonly #tools = new TestTools((key, outcome) => this.#store(key, outcome));
  readonly #steps = new TestSteps();
  readonly #time = new TestTime();
  readonly #files: TestFiles;
  readonly #outcomeOf: (call: Immediate) => Outcome;
  #cancelled: AirlockError | undefined;
  #isOver = false;
  #execution: Execution;
  /** Resolves when the run has made way for another. */
  #replaced = Promise.withResolvers<'replaced'>();
  /** Resolves when the run waits for what only the test can bring about, or is over. */
  #idle = Promise.withResolvers<void>();

  constructor(service: Service, script: Script = {}) {
    this.#service = service;
    this.#script = script;
    this.#files = new TestFiles(script.files ?? {});
    this.#outcomeOf = createOutcomes(script, this.#time, this.#files);
    this.#execution = this.#start();
  }

  /** Files the service has written, by name. */
  get made(): ReadonlyMap<string, string> {
    return this.#files.made;
  }

  /** Attempts begun of each step, by name. */
  get attempts(): ReadonlyMap<string, number> {
    return this.#steps.attempts;
  }

  /** What the service would be given if it ran again now. */
  get recording(): Recording {
    return {
      inputs: this.#script.inputs ?? {},
      calls: this.log.filter((entry) => entry.type === 'call'),
      outcomes: this.log.filter((entry) => entry.type === 'outcome'),
    };
  }

  /** The next open lock of this name that no scripted answer is for. */
  asked(name: string): Promise<Asked> {
    return this.#locks.next(name);
  }

  /** Answers a lock; messages by field when the answer was refused and the lock stays open. */
  async answer({ key, call }: Asked, inputs: JsonObject): Promise<FieldErrors | null> {
    if (this.#isSettled(key)) throw new AirlockError('already_answered', `Lock ${call.name} is closed`);
    const checked = validate(call.elements, inputs);
    if (!checked.ok) return checked.fields;
    const outcome: Outcome = call.lease ? await this.#lease(key, checked.values) : { ok: true, value: checked.values };
    if (!outcome.ok && outcome.error.fields !== undefined) return outcome.error.fields;
    if (!outcome.ok) throw AirlockError.fromBody(outcome.error);
    this.#store(key, outcome);
    return null;
  }

  /** Lets Claude use a tool of the service; resolves with what it gets. */
  useTool(tool: string, input: JsonObject, session = 'main'): Promise<ToolResult> {
    return this.#tools.use(session, tool, input);
  }

  /** Lets the time to answer a lock run out. */
  expire(asked: Asked): void {
    const { key, call } = asked;
    if (call.otherwise === undefined) {
      this.#store(key, failure(new AirlockError('request_expired', 'Nobody answered in time')));
    } else void this.#answerByItself(asked, call.otherwise);
  }

  /** Kills the service process; the service runs again from the top. */
  crash(): void {
    this.#replace();
    const execution = this.#execution;
    for (const step of this.#steps.running) {
      // A kill at the beginning of one begins them all anew.
      if (execution === this.#execution) this.#begin(step);
    }
  }

  /** Lets the service process forget the execution once it waits, as one that has waited long, and run it again. */
  async letGo(): Promise<void> {
    await this.#idle.promise;
    if (!this.#isOver) this.#replace();
  }

  /** Asks the execution to end. However it does, it has then been cancelled. */
  cancel(reason = 'Cancelled by the test'): void {
    this.#cancelled ??= new AirlockError('execution_ended', reason);
    this.#execution.cancel(this.#cancelled);
    this.#idle.resolve();
  }

  /**
   * Moves time: sleeps end, steps are tried again and locks expire, in the order of their times. The service goes on as far
   * as it can after each.
   */
  async advance(ms: number): Promise<void> {
    await this.#idle.promise;
    const until = this.#time.now + ms;
    while (await this.#happen(until));
    this.#time.now = Math.max(this.#time.now, until);
  }

  /** Moves time whenever nothing else can happen, until the service has ended. */
  async finish(): Promise<End> {
    while (await this.#happen(Number.POSITIVE_INFINITY));
    return this.ended;
  }

  /** Lets happen what is due next, once the service waits; false when nothing is. */
  async #happen(until: number): Promise<boolean> {
    await this.#idle.promise;
    return !this.#isOver && !this.#cancelled && this.#time.happen(until);
  }

  #start(): Execution {
    this.runs += 1;
    this.#stir();
    const isCurrent = () => execution === this.#execution;
    const watched = watchSteps(this.#service, () => isCurrent() && this.#isKilledNow());
    const execution: Execution = startRun(
      watched,
      this.recording,
      (message) => {
        if (isCurrent()) this.#take(message);
      },
      this.#files.folder,
    );
    if (this.#cancelled) execution.cancel(this.#cancelled);
    return execution;
  }

  #replace(): void {
    this.#execution.forget();
    this.#execution = this.#start();
    this.#replaced.resolve('replaced');
    this.#replaced = Promise.withResolvers();
  }

  /** Something reaches the service: it is not known to wait. */
  #stir(): void {
    const { resolve } = this.#idle;
    this.#idle = Promise.withResolvers();
    void this.#idle.promise.then(resolve);
    if (this.#isOver || this.#cancelled) this.#idle.resolve();
  }

  /** Counts a moment; whether the process was killed at it. */
  #isKilledNow(): boolean {
    this.moments += 1;
    if (this.#script.crashAt?.includes(this.moments) !== true) return false;
    this.crash();
    return true;
  }

  #take(message: FromService): void {
    if (message.type === 'parked') this.#idle.resolve();
    if (message.type === 'parked' || this.#isKilledNow()) return;
    if (message.type === 'finished') this.#finish({ status: 'finished', final: message.final });
    if (message.type === 'failed') this.#finish({ status: 'error', error: AirlockError.fromBody(message.error) });
    if (message.type === 'stepped') this.#stepped(message.key, message.attempt, message.outcome);
    if (message.type === 'call') this.#call(message.key, message.call);
  }

  #finish(end: End): void {
    this.#isOver = true;
    this.#files.remove();
    this.#end.resolve(this.#cancelled ? { status: 'cancelled' } : end);
    this.#idle.resolve();
  }

  #call(key: string, call: Call): void {
    if (this.log.some((entry) => entry.type === 'call' && entry.key === key)) return;
    const isOutput = call.kind === 'log' || call.kind === 'emit';
    if (this.#cancelled && !isOutput) return;
    this.log.push({ type: 'call', key, call });
    this.#isKilledNow();
    if (!isOutput) this.#act(key, call);
  }

  #act(key: string, call: Exclude<Call, { kind: 'emit' | 'log' }>): void {
    switch (call.kind) {
      case 'lock':
        this.#time.set(key, call.expiresMs, () => this.expire({ key, call }));
        this.#ask({ key, call });
        return;
      case 'sleep':
        this.#time.set(key, call.ms, () => this.#store(key, { ok: true, value: null }));
        return;
      case 'step':
        this.#begin(this.#steps.open(key, call));
        return;
      case 'race': {
        const lost = failure(new AirlockError('withdrawn', 'Another branch of the race was first'));
        for (const loser of call.losers) this.#store(loser, lost);
        this.#store(key, { ok: true, value: null });
        return;
      }
      case 'tool_next':
      case 'tool_done':
        this.#tools.take(key, call);
        return;
      default:
        this.#store(key, this.#outcomeOf(call));
    }
  }

  #isSettled(key: string): boolean {
    return this.log.some((entry) => entry.type === 'outcome' && entry.key === key);
  }

  #store(key: string, outcome: Outcome): void {
    if (this.#isOver || this.#cancelled || this.#isSettled(key)) return;
    this.#time.clear(key);
    this.#steps.close(key);
    this.#locks.close(key);
    this.log.push({ type: 'outcome', key, outcome });
    if (this.#isKilledNow()) return;
    this.#stir();
    this.#execution.deliver(key, outcome);
  }

  #begin(step: TestStep): void {
    const attempt = this.#steps.begin(step);
    if (this.#isKilledNow()) return;
    this.#stir();
    this.#execution.step(step.key, attempt);
  }

  /** Takes how an attempt went, and has it repeated after its pause if it may be. */
  #stepped(key: string, attempt: number, outcome: Outcome): void {
    const step = this.#steps.current(key, attempt);
    if (step === undefined) return;
    if (outcome.ok || attempt >= step.call.retry.attempts) this.#store(key, outcome);
    else {
      step.isDelayed = true;
      this.#time.set(key, pauseAfter(step), () => this.#begin(step));
    }
  }

  /** Asks whichever run is there. */
  async #lease(key: string, inputs: JsonObject): Promise<Outcome> {
    this.#stir();
    const leased = await Promise.race([this.#execution.lease(key, inputs), this.#replaced.promise]);
    return leased === 'replaced' ? this.#lease(key, inputs) : leased;
  }

  #ask(asked: Asked): void {
    const { name } = asked.call;
    const scripted = this.#script.answers?.[name]?.[this.#locks.count(name)];
    if (scripted === 'expire') this.expire(asked);
    else if (scripted !== undefined) void this.#answerByItself(asked, scripted);
    else this.#locks.offer(asked);
  }

  async #answerByItself(asked: Asked, inputs: JsonObject): Promise<void> {
    try {
      if ((await this.answer(asked, inputs)) !== null) this.#ask(asked);
    } catch (thrown) {
      this.#finish({ status: 'error', error: AirlockError.from(thrown) });
    }
  }
}
