import type { Duplex, Readable } from 'node:stream';
import type { SessionLog } from '@airlock/protocol/inside';
import type { SessionSpec } from '@airlock/protocol/wire';
import type { Look } from './look.ts';
import type { FoundFile } from './workspace-files.ts';
import type { Scan } from './workspace-scan.ts';

/** The image new containers are made from; `digest` is the engine's id of it. */
export interface WorkerImage {
  readonly reference: string;
  readonly digest: string;
}

/** A cache of its service, as a container gets it: to read, at `/caches/<name>`. */
export interface CacheMount {
  readonly name: string;
  readonly volume: string;
}

/** What a session container is made of; everything else about it is fixed by the placement. */
export interface ContainerSpec {
  /** There is no session for it yet: it gets the name of one when it is claimed. */
  readonly isSpare?: boolean;
  readonly image: string;
  readonly session: SessionSpec;
  readonly memoryBytes: number;
  readonly workspaceBytes: number;
  /** CPUs it may use once it is settled. */
  readonly cpus: number;
  readonly caches?: readonly CacheMount[];
}

export type ContainerState =
  | { readonly kind: 'running' }
  | { readonly kind: 'exited'; readonly code: number; readonly outOfMemory: boolean }
  | { readonly kind: 'missing' };

export interface PlacedContainer {
  /** The engine's id: names one run of the container. */
  readonly id: string;
  /** Session it was made for. */
  readonly session: string;
}

/** Where session containers run. Every method rejects with an `AirlockError` when the engine cannot be used. */
export interface Placement {
  /** Creates and starts the container `claude-session-<session>` and its workspace volume; returns the engine's id. */
  start(spec: ContainerSpec): Promise<PlacedContainer>;
  /** The session is up: from now on its container has its own share of CPU and no more. Must not reject. */
  settle(containerId: string, cpus: number): Promise<void>;
  /** The container, which was a spare, is the session's: it has its name from now on. Must not reject. */
  claim(containerId: string, session: string): Promise<void>;
  /** Starts a bridge in a running container: the byte stream of one wire. Destroying it ends the bridge. */
  bridge(containerId: string): Promise<Duplex>;
  inspect(containerId: string): Promise<ContainerState>;
  /** Resolves when the container is no longer running. Rejects when `signal` aborts or the engine goes away. */
  waitExit(containerId: string, signal: AbortSignal): Promise<ContainerState>;
  /** What was said last in a container, mostly by the runner; empty when there is nothing. */
  lastWords(containerId: string): Promise<string>;
  /** The last lines its programs printed, the oldest first; none when it is gone. */
  log(containerId: string, tail: number): Promise<SessionLog['lines']>;
  /** What a running container does. Rejects with `container_lost` when it does not run. Takes half a second. */
  look(containerId: string): Promise<Look>;
  /** Bytes used in the workspace. */
  workspaceBytes(containerId: string): Promise<number>;
  /** Unpacks a tar into the workspace. Rejects with `workspace_full`, or `container_lost` when it was cut off. */
  unpack(containerId: string, tar: Readable): Promise<void>;
  /** Plain files below a folder of the workspace of a running container, 10,000 at most. */
  findFiles(containerId: string, folder: string): Promise<FoundFile[]>;
  /**
   * A folder of the workspace as a tar: of a running container the files of these names, which may have gone meanwhile;
   * without names all of it, also of one that has ended. Undefined when it is not there.
   */
  pack(containerId: string, folder: string, paths?: readonly string[]): Promise<Readable | undefined>;
  /** Everything in the workspace of a running container, or reader, up to a limit. */
  scan(containerId: string): Promise<Scan>;
  /** What lies at these paths of a scan, as a tar; what is gone meanwhile is left out. */
  packPaths(containerId: string, paths: readonly string[]): Promise<Readable>;
  /**
   * Starts a container in which the workspace of a session can be scanned and read, and nothing else done; returns its
   * id. Rejects with `not_found` when there is no workspace.
   */
  startReader(session: string, image: string): Promise<string>;
  /** Runs a program of the image in a running container, or reader; the stream is what it prints, and fails if it does. */
  run(containerId: string, command: readonly string[], doing: string): Promise<Readable>;
  /** Must not reject. */
  removeReader(containerId: string): Promise<void>;
  /** Removes the container, running or not. Removing a missing one is no error. */
  remove(containerId: string): Promise<void>;
  /** Removes the workspace volume of a session. Removing a missing one is no error. */
  removeWorkspace(session: string): Promise<void>;
  /** Session containers of this installation, running or not. Rejects rather than returning a partial list. */
  list(): Promise<PlacedContainer[]>;
  /** Sessions of this installation that have a workspace volume. Rejects rather than returning a partial list. */
  listWorkspaces(): Promise<string[]>;
}
