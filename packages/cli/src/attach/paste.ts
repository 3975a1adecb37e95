import { Transform } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const [begin, end] = ['\x1b[200~', '\x1b[201~'];
/** What stands for an end of line and for a tab in a line that is being typed. */
const standIns = { newline: '⏎', tab: '⇥' } as const;

/** Asks a terminal to say what is pasted, and no longer to. */
export const pasteMode = { on: '\x1b[?2004h', off: '\x1b[?2004l' } as const;

/** A line as it was meant, its stand-ins replaced. */
export function meant(line: string): string {
  return line.replaceAll(standIns.newline, '\n').replaceAll(standIns.tab, '\t');
}

/** Pasted text as part of a line: no key of it acts. */
function asTyped(text: string): string {
  return text
    .replace(/\r\n?|\n/g, standIns.newline)
    .replaceAll('\t', standIns.tab)
    .replace(/\p{Cc}/gu, '');
}

/** Characters at the end of `text` that may be the beginning of `marker`. */
function partial(text: string, marker: string): number {
  for (let length = Math.min(marker.length - 1, text.length); length > 0; length -= 1) {
    if (marker.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

/**
 * Keys as they are typed. What is pasted comes as one text that sends nothing by itself, however many lines it has;
 * Alt-Enter begins a new line. An escape comes with the key after it, for it may be the beginning of a paste.
 */
export function createKeys(): Transform {
  const decoder = new StringDecoder('utf8');
  let held = '';
  let isPasting = false;
  return new Transform({
    transform(chunk: Buffer, _, callback) {
      let text = held + decoder.write(chunk);
      let out = '';
      held = '';
      for (;;) {
        const marker = isPasting ? end : begin;
        const at = text.indexOf(marker);
        const keep = at === -1 ? partial(text, marker) : 0;
        const part = at === -1 ? text.slice(0, text.length - keep) : text.slice(0, at);
        out += isPasting ? asTyped(part) : part.replaceAll('\x1b\r', standIns.newline);
        if (at === -1) {
          held = keep === 0 ? '' : text.slice(-keep);
          break;
        }
        text = text.slice(at + marker.length);
        isPasting = !isPasting;
      }
      callback(null, out);
    },
  });
}
