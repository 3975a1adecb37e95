import type { SessionView } from '@airlock/protocol/api';
import type { Id } from '@airlock/protocol/ids';
import type { Inside, SessionLog } from '@airlock/protocol/inside';
import type { Json } from '@airlock/protocol/json';
import type { SessionOptions } from '@airlock/protocol/service-channel';
import type { Usage } from '@airlock/protocol/usage';
import type { RequestOwner } from '../inbox/inbox.ts';
import type { Tx } from '../store/store.ts';
import type { BranchCall } from './branches.ts';
import type { Pool } from './pool.ts';
import type { endToolUse } from './service-tools.ts';
import type { Steering } from './steering.ts';

export interface Sessions {
  /** Makes the session of this name, or finds it; its container starts after the commit. Rejects with `secret_unusable`. */
  open(tx: Tx, execution: string, name: string, options: SessionOptions): Promise<Id>;
  /** Begins a turn; `key` gets its outcome. A second `send` with the same key changes nothing. */
  send(tx: Tx, execution: string, name: string, text: string, key: string): Promise<void>;
  /** The next use of a tool of the service that it has not got yet; undefined when there is none. */
  toolUse(tx: Tx, execution: string, name: string): Promise<Json | undefined>;
  /** Tells Claude what came of it. */
  toolDone(tx: Tx, execution: string, done: Parameters<typeof endToolUse>[2]): Promise<void>;
  /** Nobody waits any more for the turn that call `key` began: it is interrupted. */
  abandon(tx: Tx, execution: string, key: string): Promise<void>;
  /** Begins what a service asks about a branch of a session's repository. */
  branch(tx: Tx, execution: string, key: string, call: BranchCall): void;
  /** Asks the conversation to end; its container goes, its workspace stays. */
  end(tx: Tx, execution: string, name?: string): Promise<void>;
  /** Removes containers and workspaces of an ended execution. */
  purge(execution: string): Promise<void>;
  /** Adds what the gateway metered to the turn and the execution. */
  meter(session: string, model: string, usage: Usage): Promise<void>;
  readonly requestOwner: RequestOwner;
  readonly steering: Steering;
  /** Rejects with `not_found`. */
  describe(session: string): Promise<SessionView>;
  /** What its container does now. Rejects with `not_found`, and when the engine or the container does not answer. */
  inside(session: string): Promise<Inside>;
  /** The last lines printed in its container. Rejects with `not_found`. */
  readLog(session: string, tail: number): Promise<SessionLog>;
  /** Takes up the sessions of this host's executions, and removes containers the store does not know. */
  recover(): Promise<void>;
  /** Takes up the sessions of executions that were another host's. */
  adopt(executions: readonly string[]): Promise<void>;
  /** Lets go of the sessions of executions another host has now. */
  release(executions: readonly string[]): Promise<void>;
  /** Puts sessions to sleep that have had nothing to do for their time. */
  checkSleep(): Promise<void>;
  /** Ends turns in which nothing has happened for too long. */
  checkStalls(): Promise<void>;
  /** Ends sessions whose workspace has outgrown its limit. Looks every 15 s, at sessions at work. */
  checkWorkspaces(): Promise<void>;
  /** Resolves when files on their way from an execution's sessions are kept, or after 10 s. */
  filesSettled(execution: string): Promise<void>;
  /** How many wait for room before a session; undefined when it does not wait. */
  before(session: string): number | undefined;
  /** Keeps containers ready for sessions that may be opened next. */
  readonly pool: Pick<Pool, 'check' | 'size'>;
  /** Lets go of every session; containers stay for the next host. */
  detach(): Promise<void>;
  /** Ends every open session and removes its container. */
  endAll(): Promise<void>;
}
