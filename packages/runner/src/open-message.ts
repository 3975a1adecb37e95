/** The message being streamed: which of its blocks were begun, and which became blocks of the conversation. */
export interface OpenMessage {
  readonly id: string;
  start(index: number, type: string): void;
  /** A finished block of this type came; returns the index it was streamed under, if it was. */
  finish(type: string): number | undefined;
  hasUnfinished(): boolean;
}

export function createOpenMessage(id: string): OpenMessage {
  const begun: { readonly index: number; readonly type: string }[] = [];
  return {
    id,
    start(index, type) {
      begun.push({ index, type });
    },
    finish(type) {
      const at = begun.findIndex((block) => block.type === type);
      return at === -1 ? undefined : begun.splice(at, 1)[0]?.index;
    },
    hasUnfinished: () => begun.length > 0,
  };
}
