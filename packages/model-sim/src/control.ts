import type { Gates } from './gates.ts';
import type { VarySettings } from './planner.ts';
import type { RecordedRequest } from './requests.ts';

/** What a test may do to a running simulator, in this process or over `/__sim`. */
export interface Control {
  /**
   * Adds a script, ahead of those already there.
   *
   * @returns how many scenarios it has
   * @throws ScriptError when it is not a script
   */
  addScript(yaml: string, file?: string): number;
  /** Whether repeated requests are answered differently from now on. */
  setVary(settings: VarySettings): void;
  /** Milliseconds before each piece, where a script does not say. */
  setPace(milliseconds: number): void;
  /** While set, every answer waits at this gate before its headers. */
  hold(gate: string | null): void;
  /** The first request that fits, now or later. Rejects when the signal aborts. */
  waitForRequest(fits: (request: RecordedRequest) => boolean, signal?: AbortSignal): Promise<RecordedRequest>;
  readonly gates: Gates;
  /** Forgets requests, attempts and added scripts, opens what waits, and puts settings back as they were created. */
  reset(): void;
}
