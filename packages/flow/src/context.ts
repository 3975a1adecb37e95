import type { Assign, Assignee } from '@airlock/protocol/assign';
import { AirlockError } from '@airlock/protocol/errors';
import type { Shown } from '@airlock/protocol/events';
import { validate } from '@airlock/protocol/forms/validate';
import { idSchema } from '@airlock/protocol/ids';
import { type Json, type JsonObject, jsonSchema } from '@airlock/protocol/json';
import type { Retry } from '@airlock/protocol/retry';
import { type SessionOptions, type Turn, turnSchema } from '@airlock/protocol/service-channel';
import { addUsage, noUsage, type Usage } from '@airlock/protocol/usage';
import * as z from 'zod';
import type { ContextPort } from './context-port.ts';
import { createFiles, type Files } from './files.ts';
import type { Form } from './form.ts';
import { makeCall } from './make-call.ts';
import { type Pushed, type PushOptions, pushBranch } from './push-branch.ts';
import { type Branches, race, type Winner } from './race.ts';
import { runStep } from './run-step.ts';
import { serveTools, toolSpecs } from './serve-tools.ts';
import { toShown } from './shown.ts';

/** How long people have to answer a lock that says nothing else: 7 days. */
export const defaultAnswerMs = 7 * 24 * 60 * 60 * 1000;

export interface LockOptions<Answer> {
  /** How long people have to answer; then the lock fails with `request_expired`. Default 7 days. */
  readonly expiresMs?: number;
  /** Taken as the answer when nobody gave one in time; the lock does not fail then. */
  readonly otherwise?: Partial<Answer>;
  /** Who may answer, beside administrators. Default: the owner of the execution. */
  readonly assign?: Assign;
  /** Times after which people are reminded, in milliseconds since it was asked; ten at most. */
  readonly remindMs?: readonly number[];
  /** Lets others answer, too, when nobody has for so long. */
  readonly escalate?: { readonly afterMs: number; readonly to: Assignee };
}

export interface LeaseOptions<Answer, Value extends Json> extends LockOptions<Answer> {
  /**
   * Turns the answer into the value `lock` yields, or refuses it by throwing an `InputsError`. It may run more than
   * once, must make no `ctx` call and have no effects, and has 10 seconds.
   */
  readonly lease: (answer: Answer) => Value | Promise<Value>;
}

/** Shows a form to people and pauses until one of them has answered, for weeks if it must be. */
export interface Lock {
  <Answer>(name: string, form: Form<Answer>, options?: LockOptions<Answer>): Promise<Answer>;
  <Answer, Value extends Json>(name: string, form: Form<Answer>, options: LeaseOptions<Answer, Value>): Promise<Value>;
}

/** Shows things to people, and asks them. What is shown goes out in order; nobody has to wait for it. */
export interface Tracer {
  markdown(body: string): Promise<void>;
  html(body: string): Promise<void>;
  text(body: string): Promise<void>;
  /** A result: a text is Markdown, `{type, body}` is itself, anything else is JSON. */
  result(value: Json | Shown): Promise<void>;
  /** A step worth telling, in the forms of `result`. */
  action(value: Json | Shown): Promise<void>;
  debug(text: string): Promise<void>;
  warning(text: string): Promise<void>;
  readonly lock: Lock;
}

/** A Claude conversation in a container of its own. It ends with the execution if not before. */
export interface Session {
  readonly id: string;
  /** Tokens and cost of all turns so far. */
  readonly usage: Usage;
  /**
   * Says something to Claude and resolves with the turn that answers. A turn that failed rejects; one that a person stopped
   * resolves with `interrupted` and no text.
   */
  send(text: string): Promise<Turn>;
  /**
   * Pushes what Claude has done in the repository of the session as a branch, once a person who was shown what changed
   * agrees. Claude must be done with a turn.
   */
  pushBranch(branch: string, options?: PushOptions): Promise<Pushed>;
  end(): Promise<void>;
}

/** A tool of a service, which Claude uses and the service runs. */
export interface Tool {
  readonly description: string;
  /** Whether people are asked before it runs. Default: no. */
  readonly ask?: boolean;
  /** Claude is told that it failed when it takes longer, in milliseconds. Default 10 minutes. */
  readonly timeoutMs?: number;
  readonly inputSchema: object;
  /** Rejects with what Claude is to know. `input` is whatever Claude sent. */
  readonly use: (input: unknown, ctx: Ctx<unknown>) => Promise<Json | undefined>;
}

export type Tools = Readonly<Record<string, Tool>>;

/** Settings of a session, and the tools the service offers in it. */
export type OpenOptions = Omit<SessionOptions, 'tools'> & { readonly tools?: Tools };

/** All a service may touch the outside with. Anything else it does is done again when it runs again. */
export interface Ctx<Inputs> {
  readonly inputs: Inputs;
  /** Aborts when the execution is cancelled. */
  readonly signal: AbortSignal;
  readonly tracer: Tracer;
  readonly lock: Lock;
  readonly files: Files;
  /** Starts a session. A name can be used once in an execution. Default `main`. */
  session(name?: string, options?: OpenOptions): Promise<Session>;
  /**
   * An effect on the outside that is not a call of its own: runs `work` once and remembers what it gives, JSON. It is run
   * again when it throws, as often as `retry` says, and when its process ended before it was over; both are shown.
   * `work` makes no `ctx` calls.
   */
  step<Value extends Json | undefined>(
    name: string,
    work: () => Value | Promise<Value>,
    options?: { readonly retry?: Partial<Retry> },
  ): Promise<Value>;
  /** Resolves after `ms` milliseconds, over any number of restarts. */
  sleep(ms: number): Promise<void>;
  /** The time; the same again when the service runs again. */
  now(): Promise<Date>;
  /** A number in [0, 1); the same again when the service runs again. */
  random(): Promise<number>;
  /**
   * Begins every branch and resolves, or rejects, as the first that ends. What the others wait for is withdrawn: their
   * requests close, their timers go, their turns are interrupted, and their calls fail with `withdrawn`.
   */
  race<B extends Branches>(branches: B): Promise<Winner<B>>;
}

function createLock(port: ContextPort): Lock {
  return async function lock<Answer, Value extends Json>(
    name: string,
    form: Form<Answer>,
    options: LockOptions<Answer> & Partial<LeaseOptions<Answer, Value>> = {},
  ): Promise<Answer | Value> {
    const { lease, expiresMs = port.answerMs, otherwise, assign, remindMs, escalate } = options;
    const made = makeCall(port, {
      kind: 'lock',
      name,
      elements: [...form.elements],
      expiresMs,
      lease: lease !== undefined,
      ...(otherwise === undefined ? {} : { otherwise: checkDefault(name, form, otherwise) }),
      ...(assign === undefined ? {} : { assign }),
      ...(remindMs === undefined ? {} : { remindMs: [...remindMs] }),
      ...(escalate === undefined ? {} : { escalate }),
    });
    if (lease === undefined) return form.parse(await made.outcome);
    port.onLease(made.key, async (inputs) => jsonSchema.parse((await lease(form.parse(inputs))) ?? null));
    return (await made.outcome) as Value;
  };
}

function createTracer(port: ContextPort, lock: Lock): Tracer {
  const emit = async (event: 'action' | 'result', shown: Shown) => {
    await makeCall(port, { kind: 'emit', event, shown }).outcome;
  };
  const log = async (event: 'debug' | 'stderr', text: string) => {
    await makeCall(port, { kind: 'log', event, text }).outcome;
  };
  return {
    markdown: (body) => emit('action', { type: 'markdown', body }),
    html: (body) => emit('action', { type: 'html', body }),
    text: (body) => emit('action', { type: 'text', body }),
    result: async (value) => emit('result', toShown(value)),
    action: async (value) => emit('action', toShown(value)),
    debug: (text) => log('debug', text),
    warning: (text) => log('stderr', text),
    lock,
  };
}

function createSessions(port: ContextPort, ctx: () => Ctx<unknown>): Ctx<unknown>['session'] {
  const names = new Set<string>();
  return async (name = 'main', { tools, ...others } = {}) => {
    if (names.has(name)) throw new AirlockError('service_failed', `A session named "${name}" was already started`);
    names.add(name);
    const options = { ...others, ...(tools === undefined ? {} : { tools: toolSpecs(tools) }) };
    const opened = await makeCall(port, { kind: 'session_open', session: name, options }).outcome;
    if (tools !== undefined) serveTools(port, name, tools, ctx());
    const { id } = z.object({ id: idSchema }).parse(opened);
    let usage = noUsage;
    return {
      id,
      get usage() {
        return usage;
      },
      send: async (text) => {
        const answer = await makeCall(port, { kind: 'session_send', session: name, text }).outcome;
        const turn = turnSchema.parse(answer);
        usage = addUsage(usage, turn.usage);
        return turn;
      },
      pushBranch: (branch, pushing = {}) => pushBranch(port, ctx().lock, name, branch, pushing),
      end: async () => {
        await makeCall(port, { kind: 'session_end', session: name }).outcome;
      },
    };
  };
}

/** A default is an answer like any other: its form must take it. */
function checkDefault<Answer>(name: string, form: Form<Answer>, otherwise: Partial<Answer>): JsonObject {
  const checked = validate(form.elements, otherwise as JsonObject);
  if (checked.ok) return checked.values;
  throw new AirlockError('service_failed', `The default of lock ${name} does not fit its form`, {
    fields: checked.fields,
  });
}

export function createContext<Inputs>(port: ContextPort, inputs: Inputs): Ctx<Inputs> {
  const lock = createLock(port);
  const ctx: Ctx<Inputs> = {
    inputs,
    signal: port.signal,
    tracer: createTracer(port, lock),
    lock,
    files: createFiles(port),
    session: createSessions(port, () => ctx as Ctx<unknown>),
    step: (name, work, options = {}) => runStep(port, name, work, options.retry ?? {}),
    sleep: async (ms) => {
      await makeCall(port, { kind: 'sleep', ms: Math.ceil(ms) }).outcome;
    },
    random: async () => z.number().parse(await makeCall(port, { kind: 'random' }).outcome),
    race: async <B extends Branches>(branches: B) => (await race(port, branches)) as Winner<B>,
    now: async () => new Date(z.number().parse(await makeCall(port, { kind: 'now' }).outcome)),
  };
  return ctx;
}
