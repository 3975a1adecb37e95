/** One complete event: its name, the text of its data, and its bytes as they came. */
export interface SseEvent {
  readonly name: string;
  readonly data: string;
  readonly bytes: Buffer;
}

/** Cuts a byte stream into server-sent events as they are completed. Throws when one grows past `maxBytes`. */
export function createSseCutter(maxBytes: number): { push(chunk: Buffer): SseEvent[]; rest(): Buffer } {
  let held: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      const events: SseEvent[] = [];
      let from = Math.max(0, held.length - 3);
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      for (let end = eventEnd(held, from); end !== -1; end = eventEnd(held, from)) {
        events.push(parseEvent(held.subarray(0, end)));
        held = held.subarray(end);
        from = 0;
      }
      if (held.length > maxBytes) throw new Error(`An event is longer than ${maxBytes} bytes`);
      return events;
    },
    rest: () => held,
  };
}

const lf = 0x0a;
const cr = 0x0d;

/** Index after the empty line that ends the first event, or -1. Lines end with LF or CRLF, as the model API's do. */
function eventEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(lf, from); at !== -1; at = bytes.indexOf(lf, at + 1)) {
    if (bytes[at + 1] === lf) return at + 2;
    if (bytes[at + 1] === cr && bytes[at + 2] === lf) return at + 3;
  }
  return -1;
}

function parseEvent(bytes: Buffer): SseEvent {
  let name = 'message';
  const data: string[] = [];
  for (const line of bytes.toString('utf8').split(/\r?\n/)) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
  }
  return { name, data: data.join('\n'), bytes };
}
