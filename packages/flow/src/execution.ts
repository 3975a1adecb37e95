import { AirlockError } from '@airlock/protocol/errors';
import type { Json, JsonObject } from '@airlock/protocol/json';
import type { FromService, Outcome, ToService } from '@airlock/protocol/service-channel';
import { InputsError } from './inputs-error.ts';
import type { Clock } from './replay/clock.ts';
import { mainScope } from './replay/keys.ts';
import { Replay } from './replay/replay.ts';
import { keepBranch, type Running, running } from './replay/scope.ts';
import type { Service } from './service.ts';
import { toShown } from './shown.ts';
import { Steps } from './steps.ts';

export type RunMessage = Extract<ToService, { type: 'run' }>;
export type Send = (message: FromService) => void;
type Lease = (inputs: JsonObject) => Promise<Json>;

/** How long a lease may take, the wait for a replay to reach its lock included. */
export const leaseMs = 10_000;

/** Leases of open locks by key; who comes early waits for the lock. */
class Leases {
  readonly #known = new Map<string, PromiseWithResolvers<Lease>>();

  of(key: string): PromiseWithResolvers<Lease> {
    const known = this.#known.get(key) ?? Promise.withResolvers<Lease>();
    this.#known.set(key, known);
    return known;
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}

function failed(error: AirlockError): Outcome {
  return { ok: false, error: error.toBody() };
}

function leaseFailure(thrown: unknown): AirlockError {
  if (thrown instanceof InputsError) {
    return new AirlockError('invalid_inputs', thrown.message, { fields: thrown.fields });
  }
  return AirlockError.from(thrown, 'service_failed');
}

function withDeadline(work: Promise<Outcome>, clock: Clock): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const late = new AirlockError('service_unavailable', `The lease did not end within ${leaseMs / 1000} seconds`);
  const stop = clock.after(leaseMs, () => resolve(failed(late)));
  void work.then((outcome) => {
    stop();
    resolve(outcome);
  });
  return promise;
}

/** One run of a service from the top against its log, to its end. */
export class Execution {
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #id: RunMessage['execution'];
  readonly #files: string | undefined;
  readonly #replay: Replay;
  readonly #abort = new AbortController();
  readonly #leases = new Leases();
  readonly #steps = new Steps();
  readonly #running: Running;
  #state: 'running' | 'finished' | 'failed' | 'forgotten' = 'running';

  /** The function begins in the next macrotask. `send` gets its calls and, unless it is cancelled, its end. */
  constructor(service: Service, run: RunMessage, send: Send, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
    this.#id = run.execution;
    this.#files = run.files;
    const fail = (error: AirlockError) => this.#fail(error);
    this.#replay = new Replay(
      run,
      {
        send: (call) => send({ type: 'call', execution: run.execution, ...call }),
        fail,
        cancelled: (error) => this.#abort.abort(error),
        parked: (delivered) => send({ type: 'parked', execution: run.execution, delivered }),
      },
      clock,
    );
    this.#running = {
      part: 'run',
      scope: mainScope,
      branch: null,
      fail,
      io: (event, text) => this.#replay.print(event, text),
    };
    clock.macrotask(() => {
      if (this.#state === 'running') void running.run(this.#running, () => this.#begin(service, run.inputs));
    });
  }

  deliver(key: string, outcome: Outcome): void {
    this.#leases.forget(key);
    this.#steps.forget(key);
    this.#replay.deliver(key, outcome);
  }

  /** Whether outcomes are no longer taken. */
  get #isOver(): boolean {
    return this.#state !== 'running' || this.#abort.signal.aborted;
  }

  /** Runs an attempt of an open step and tells how it went. */
  step(key: string, attempt: number): void {
    if (this.#isOver || this.#replay.isSettled(key)) return;
    let printed = 0;
    const inStep: Running = {
      ...this.#running,
      part: 'step',
      io: (event, text) => this.#replay.print(event, text, `step:${key}.${attempt}.${printed++}`),
    };
    const going = this.#steps.attempt(key, attempt, (work) => running.run(inStep, work));
    if (going === undefined) return;
    this.#replay.busy(1);
    void going.then((outcome) => {
      this.#replay.busy(-1);
      if (this.#isOver) return;
      this.#send({ type: 'stepped', execution: this.#id, key, attempt, outcome });
    });
  }

  /** Turns the answer of a lock into its value; never rejects, and is over after `leaseMs`. */
  lease(key: string, inputs: JsonObject): Promise<Outcome> {
    const inLease: Running = { ...this.#running, part: 'lease' };
    const value = this.#leases.of(key).promise.then((lease) => running.run(inLease, () => lease(inputs)));
    const outcome = value.then<Outcome, Outcome>(
      (leased) => ({ ok: true, value: leased }),
      (thrown) => failed(leaseFailure(thrown)),
    );
    this.#replay.busy(1);
    const ended = withDeadline(outcome, this.#clock);
    void ended.then(() => this.#replay.busy(-1));
    return ended;
  }

  /** Aborts the signal and lets its calls fail, but for output. It still ends by itself. */
  cancel(error: AirlockError): void {
    if (this.#state === 'running') this.#replay.cancel(error);
  }

  /** Drops it without a word to its code: what waits goes on waiting, and nothing is sent any more. */
  forget(): void {
    if (this.#state !== 'running') return;
    this.#state = 'forgotten';
    this.#replay.forget(new AirlockError('execution_ended', 'It goes on elsewhere'));
  }

  async #begin(service: Service, inputs: JsonObject): Promise<void> {
    try {
      const value = await service.start({
        inputs,
        signal: this.#abort.signal,
        answerMs: service.answerMs,
        files: this.#files,
        call: (scope, call) => this.#replay.call(scope, call),
        onLease: (key, lease) => this.#leases.of(key).resolve(lease),
        onStep: (key, work) => this.#steps.offer(key, keepBranch(work)),
        busy: (change) => this.#replay.busy(change),
        raceScope: (scope) => this.#replay.raceScope(scope),
        openIn: (scopes) => this.#replay.openIn(scopes),
      });
      this.#end('ended', () => this.#finish(value));
    } catch (thrown) {
      this.#threw(thrown);
    }
  }

  #finish(value: unknown): void {
    const final = toShown(value);
    const after = new AirlockError('execution_ended', 'The service has finished');
    if (this.#close('finished', after)) this.#send({ type: 'finished', execution: this.#id, final });
  }

  #threw(thrown: unknown): void {
    const error = AirlockError.from(thrown, 'service_failed');
    this.#end(`failed (${error.message})`, () => {
      if (!(thrown instanceof AirlockError) && thrown instanceof Error) this.#running.io('stderr', thrown.stack ?? '');
      this.#fail(error);
    });
  }

  /** The function is over: its log must be, too. */
  #end(how: string, end: () => void): void {
    const left = this.#state === 'running' ? this.#replay.leftover() : null;
    if (left === null) end();
    else
      this.#fail(new AirlockError('nondeterministic', `The log has ${left}, the service ${how} without asking for it`));
  }

  #fail(error: AirlockError): void {
    if (!this.#close('failed', error)) return;
    this.#send({ type: 'failed', execution: this.#id, error: error.toBody() });
    this.#abort.abort(error);
  }

  /** Ends it if nothing has; only the first end counts. */
  #close(as: 'finished' | 'failed', error: AirlockError): boolean {
    if (this.#state !== 'running') return false;
    this.#state = as;
    this.#replay.close(error);
    return true;
  }
}
