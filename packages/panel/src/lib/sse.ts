export interface SseEvent {
  /** Null when the event carried no id of its own. */
  id: string | null;
  event: string;
  data: string;
}

/** An incremental parser for `text/event-stream`: give it text as it comes, it calls back once per event. */
export function createSseParser(onEvent: (event: SseEvent) => void): (chunk: string) => void {
  let rest = '';
  let id: string | null = null;
  let event = 'message';
  let data: string[] = [];

  const dispatch = (): void => {
    if (data.length > 0) onEvent({ id, event, data: data.join('\n') });
    id = null;
    event = 'message';
    data = [];
  };

  const line = (text: string): void => {
    if (text === '') {
      dispatch();
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id') id = value;
  };

  return (chunk) => {
    // A CR at the end may be the first half of a CRLF.
    const text = rest + chunk;
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? '') + text.slice(end);
    for (const each of lines) line(each);
  };
}
