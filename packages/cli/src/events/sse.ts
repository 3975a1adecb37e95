import { Failure } from '../failure.ts';

/** One message of an event stream. `id` is absent for live text that is not stored. */
export interface SseMessage {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

const longestMessage = 16 * 1024 * 1024;

/** Collects lines into messages. */
function createAssembler() {
  let id: string | undefined;
  let event = 'message';
  let data: string[] = [];
  return (line: string): SseMessage | undefined => {
    if (line === '') {
      const message = data.length > 0 ? { id, event, data: data.join('\n') } : undefined;
      [id, event, data] = [undefined, 'message', []];
      return message;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    return undefined;
  };
}

/** Reads server-sent events. Ends when the stream ends; a message cut short is dropped. */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseMessage> {
  const assemble = createAssembler();
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r\n|\n/);
    rest = lines.pop() ?? '';
    if (rest.length > longestMessage) {
      throw new Failure('An event is too large to show', `more than ${longestMessage} characters`, 'See the panel');
    }
    for (const line of lines) {
      const message = assemble(line);
      if (message !== undefined) yield message;
    }
  }
}
