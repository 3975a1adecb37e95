/** A line was longer than its reader takes. */
export class LineTooLongError extends Error {
  constructor(maxBytes: number) {
    super(`A line is longer than ${maxBytes} bytes`);
    this.name = 'LineTooLongError';
  }
}

export interface LineReader {
  /** Takes bytes as they come and returns the lines they complete, without line ends; throws `LineTooLongError`. */
  push(chunk: Uint8Array): string[];
}

/** Cuts a byte stream into lines of UTF-8 of at most `maxBytes`; nothing longer is ever held. */
export function createLineReader(maxBytes: number): LineReader {
  let held: Uint8Array[] = [];
  let heldBytes = 0;

  function hold(part: Uint8Array): void {
    heldBytes += part.length;
    if (heldBytes > maxBytes) throw new LineTooLongError(maxBytes);
    if (part.length > 0) held.push(part);
  }

  function take(): string {
    const line = decode(held, heldBytes);
    held = [];
    heldBytes = 0;
    return line;
  }

  return {
    push(chunk) {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        hold(chunk.subarray(start, end));
        lines.push(take());
        start = end + 1;
      }
      hold(chunk.subarray(start));
      return lines;
    },
  };
}

const newline = 0x0a;
const decoder = new TextDecoder();

function decode(parts: readonly Uint8Array[], length: number): string {
  const [first] = parts;
  if (parts.length <= 1) return decoder.decode(first ?? new Uint8Array());
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return decoder.decode(joined);
}
