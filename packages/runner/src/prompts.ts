import type { SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';

/** Prompts on their way to the CLI. */
export interface Prompts extends AsyncIterable<SDKUserMessage> {
  push(uuid: string, text: string): void;
  /** Something no person said; the CLI tells Claude so. */
  pushNotice(uuid: string, text: string): void;
  /** No more prompts come: the CLI finishes what it has and ends. */
  end(): void;
}

export function createPrompts(): Prompts {
  const queue: SDKUserMessage[] = [];
  let isEnded = false;
  let wake = Promise.withResolvers<void>();

  function signal(): void {
    wake.resolve();
    wake = Promise.withResolvers();
  }

  function add(uuid: string, text: string, from: Pick<SDKUserMessage, 'origin' | 'isSynthetic'>): void {
    queue.push({
      type: 'user',
      uuid: uuid as NonNullable<SDKUserMessage['uuid']>,
      message: { role: 'user', content: text },
      parent_tool_use_id: null,
      ...from,
    });
    signal();
  }

  return {
    push: (uuid, text) => add(uuid, text, { origin: { kind: 'human' } }),
    pushNotice: (uuid, text) => add(uuid, text, { isSynthetic: true }),
    end() {
      isEnded = true;
      signal();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = queue.shift();
        if (next) yield next;
        else if (isEnded) return;
        else await wake.promise;
      }
    },
  };
}
