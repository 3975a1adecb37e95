import { AirlockError } from '@airlock/protocol/errors';
import type { Json, JsonObject } from '@airlock/protocol/json';
import type { FromService, Outcome, ToService } from '@airlock/protocol/service-channel';
import { InputsError } from './inputs-error.ts';
import type { Clock } from './replay/clock.ts';
import { Replay } from './replay/replay.ts';
import { type Running, running } from './replay/scope.ts';
import type { Service } from './service.ts';
import { toShown } from './shown.ts';

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
  readonly #replay: Replay;
  readonly #abort = new AbortController();
  readonly #leases = new Leases();
  readonly #running: Running;
  #state: 'running' | 'finished' | 'failed' | 'cancelled' = 'running';

  /** The function begins in the next macrotask. `send` gets its calls and, unless it is cancelled, its end. */
  constructor(service: Service, run: RunMessage, send: Send, clock: Clock) {
    this.#send = send;
    this.#clock = clock;
    this.#id = run.execution;
    const fail = (error: AirlockError) => this.#fail(error);
    this.#replay = new Replay(
      run,
      { send: (call) => send({ type: 'call', execution: run.execution, ...call }), fail },
      clock,
    );
    this.#running = { part: 'run', fail, io: (event, text) => this.#replay.print(event, text) };
    clock.macrotask(() => {
      if (this.#state === 'running') void running.run(this.#running, () => this.#begin(service, run.inputs));
    });
  }

  deliver(key: string, outcome: Outcome): void {
    this.#leases.forget(key);
    this.#replay.deliver(key, outcome);
  }

  /** Turns the answer of a lock into its value; never rejects, and is over after `leaseMs`. */
  lease(key: string, inputs: JsonObject): Promise<Outcome> {
    const inLease: Running = { ...this.#running, part: 'lease' };
    const value = this.#leases.of(key).promise.then((lease) => running.run(inLease, () => lease(inputs)));
    const outcome = value.then<Outcome, Outcome>(
      (leased) => ({ ok: true, value: leased }),
      (thrown) => failed(leaseFailure(thrown)),
    );
    return withDeadline(outcome, this.#clock);
  }

  /** Aborts the signal and rejects what waits; nothing is sent any more. */
  cancel(reason: string): void {
    const error = new AirlockError('execution_ended', reason);
    if (this.#close('cancelled', error)) this.#abort.abort(error);
  }

  async #begin(service: Service, inputs: JsonObject): Promise<void> {
    try {
      const value = await service.start({
        inputs,
        signal: this.#abort.signal,
        answerMs: service.answerMs,
        call: (scope, call) => this.#replay.call(scope, call),
        onLease: (key, lease) => this.#leases.of(key).resolve(lease),
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
  #close(as: 'finished' | 'failed' | 'cancelled', error: AirlockError): boolean {
    if (this.#state !== 'running') return false;
    this.#state = as;
    this.#replay.close(error);
    return true;
  }
}
