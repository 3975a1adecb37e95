import { Transform } from 'node:stream';

const mark = '[secret]';

/** The text without the values. */
export function redact(text: string, values: readonly string[]): string {
  return values.reduce((safe, value) => safe.replaceAll(value, mark), text);
}

/**
 * The same bytes without the values, which are ASCII. Bytes are held back only while they may be the beginning of one: an
 * event or a line, which ends otherwise, is passed on whole as it comes.
 */
export function redactStream(values: readonly string[]): Transform {
  let held = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = redact(held + chunk.toString('latin1'), values);
      const begun = Math.max(0, ...values.map((value) => beginningAtEnd(text, value)));
      held = text.slice(text.length - begun);
      done(null, Buffer.from(text.slice(0, text.length - begun), 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(held, 'latin1'));
    },
  });
}

/** How many characters at the end of `text` are the first ones of `value`. */
function beginningAtEnd(text: string, value: string): number {
  for (let length = Math.min(value.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(value.slice(0, length))) return length;
  }
  return 0;
}
