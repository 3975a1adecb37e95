import type { JsonObject } from '@airlock/protocol/json';
import type { Call, Outcome, ToolResult } from '@airlock/protocol/service-channel';

interface Use {
  readonly session: string;
  readonly value: { readonly toolUseId: string; readonly tool: string; readonly input: JsonObject };
}

/** Uses of tools that wait for the service, and calls with which it waits for them. */
export class TestTools {
  readonly #store: (key: string, outcome: Outcome) => void;
  readonly #waiting = new Map<string, string>();
  readonly #ends = new Map<string, (result: ToolResult) => void>();
  #uses: Use[] = [];

  constructor(store: (key: string, outcome: Outcome) => void) {
    this.#store = store;
  }

  /** Resolves with what the service makes of it. */
  use(session: string, tool: string, input: JsonObject): Promise<ToolResult> {
    const toolUseId = `use-${this.#ends.size}`;
    this.#uses.push({ session, value: { toolUseId, tool, input } });
    const { promise, resolve } = Promise.withResolvers<ToolResult>();
    this.#ends.set(toolUseId, resolve);
    this.#offer(session);
    return promise;
  }

  take(key: string, call: Extract<Call, { kind: 'tool_next' | 'tool_done' }>): void {
    if (call.kind === 'tool_next') {
      this.#waiting.set(call.session, key);
      this.#offer(call.session);
    } else {
      this.#store(key, { ok: true, value: null });
      this.#ends.get(call.toolUseId)?.(call.result);
    }
  }

  /** Gives the next use to the call that waits for it, if both are there. */
  #offer(session: string): void {
    const key = this.#waiting.get(session);
    const use = this.#uses.find((each) => each.session === session);
    if (key === undefined || use === undefined) return;
    this.#waiting.delete(session);
    this.#uses = this.#uses.filter((each) => each !== use);
    this.#store(key, { ok: true, value: use.value });
  }
}
