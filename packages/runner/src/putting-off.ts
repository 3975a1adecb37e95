import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import type { Asks } from './asks.ts';
import type { HeldCall } from './checks.ts';
import { createOpenCalls } from './open-calls.ts';

/*
 * Calls people are asked about, put off so that the container can end while they think.
 *
 * H17. A call is put off only when it is the last thing to do of its message, and nothing else runs or waits to be read: the
 *      CLI loses every other.
 * H18. A call that was put off is decided once it is committed that it is: it runs once, or is lost and known to be.
 */

export interface PuttingOff {
  /** Asks people about a call before the CLI decides. */
  hold(call: HeldCall, signal: AbortSignal): Promise<'decided' | 'put_off'>;
  /** The CLI is given something to read. */
  said(uuid: string): void;
  /** Takes note of what the CLI says; true when a call is put off with it: nothing more is to come. */
  see(message: SDKMessage): boolean;
  /** Says of a call that is held that it could be put off, if it can; behind what is shown of the last message. */
  tellWaits(): void;
  /** Puts a call off, or says that it cannot be. */
  take(frame: Extract<DownFrame, { type: 'put_off' }>): void;
  /** Whether the CLI is still to ask again about the call an earlier one put off. */
  readonly isAwaited: boolean;
  /** The turn is to be stopped, which the CLI cannot be told before it has taken it up. */
  stopFirst(): void;
}

interface PuttingOffOptions {
  readonly asks: Pick<Asks, 'hold' | 'putOff'>;
  /** Says something in its place behind what is shown. */
  readonly send: (frame: SingleFrame) => void;
  /** Says something at once. */
  readonly tell: (frame: SingleFrame) => void;
  /** Resolves when the host has committed everything said so far. */
  readonly committed: () => Promise<void>;
  /** An earlier container put off a call. */
  readonly wasPutOff: boolean;
  /** Stops the turn; resolves when the CLI has been told, and does not reject. */
  readonly interrupt: () => Promise<void>;
}

export function createPuttingOff(options: PuttingOffOptions): PuttingOff {
  const { asks, send, tell, committed, interrupt } = options;
  const calls = createOpenCalls();
  /** Calls that are held, and whether it was said of each that it could be put off. */
  const held = new Map<string, boolean>();
  let leaving: string | undefined;
  let isAwaited = options.wasPutOff;
  let isStopped = false;

  function tellWaits(): void {
    for (const [requestId, isTold] of held) {
      if (isTold || !calls.isOnly(requestId)) continue;
      held.set(requestId, true);
      send({ type: 'waits', requestId });
    }
  }

  /** The CLI cannot put off a call twice. */
  async function holdAgain(call: HeldCall, signal: AbortSignal): Promise<'decided'> {
    if (isStopped) await interrupt();
    if ((await asks.hold(call, signal)) === 'decided') {
      tell({ type: 'taken_up', toolUseId: call.toolUseId });
      await committed();
    }
    return 'decided';
  }

  function stay(requestId: string): void {
    leaving = undefined;
    tell({ type: 'ask_withdrawn', requestId });
    tell({ type: 'not_put_off', requestId });
  }

  return {
    async hold(call, signal) {
      if (isAwaited) {
        isAwaited = false;
        return await holdAgain(call, signal);
      }
      const deciding = asks.hold(call, signal);
      held.set(call.toolUseId, false);
      tellWaits();
      const how = await deciding;
      held.delete(call.toolUseId);
      return how === 'put_off' ? how : 'decided';
    },
    said: calls.said,
    see(message) {
      // It may be decided without being asked about, as when its file has changed.
      if (calls.see(message)) isAwaited = false;
      if (leaving !== undefined) {
        if (message.type === 'result' && message.terminal_reason === 'tool_deferred') return true;
        // Something in the image has decided about it.
        if (message.type === 'assistant' || message.type === 'user' || message.type === 'result') stay(leaving);
      }
      return false;
    },
    tellWaits,
    take({ requestId }) {
      if (held.has(requestId) && calls.isOnly(requestId) && asks.putOff(requestId)) {
        leaving = requestId;
        return;
      }
      if (held.has(requestId)) held.set(requestId, false);
      tell({ type: 'not_put_off', requestId });
    },
    get isAwaited() {
      return isAwaited;
    },
    stopFirst() {
      isStopped = true;
    },
  };
}
