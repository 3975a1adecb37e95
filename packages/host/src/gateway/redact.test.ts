import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { redact, redactStream } from './redact.ts';

const secret = 'aab-secret-aac';
const through = async (...pieces: string[]) =>
  await text(Readable.from(pieces.map((each) => Buffer.from(each))).pipe(redactStream([secret, 'other-one'])));

describe('redact()', () => {
  it('takes out every value, everywhere', () => {
    expect(redact(`${secret}${secret} other-one.`, [secret, 'other-one'])).toBe('[secret][secret] [secret].');
    expect(redact('nothing', [])).toBe('nothing');
  });
});

describe('redactStream()', () => {
  it('takes a value out wherever it is cut', async () => {
    const whole = `é1: ${secret}, 2: a${secret}, 3: other-one`;
    const bytes = Buffer.from(whole);
    for (let at = 0; at <= bytes.length; at += 1) {
      const stream = Readable.from([bytes.subarray(0, at), bytes.subarray(at)]).pipe(
        redactStream([secret, 'other-one']),
      );
      expect(await text(stream)).toBe('é1: [secret], 2: a[secret], 3: [secret]');
    }
    expect(await through(...secret)).toBe('[secret]');
  });

  it('leaves everything else as it is, beginnings of a value too', async () => {
    expect(await through('aab-sec', 'ret-aa', 'b', 'aab')).toBe('aab-secret-aabaab');
  });

  it('passes on at once what cannot be the beginning of one', async () => {
    const stream = redactStream([secret]);
    stream.write('data: {"a":"aab-secret"}\n\n');
    expect(String(stream.read())).toBe('data: {"a":"aab-secret"}\n\n');
    stream.write('data: aab');
    expect(String(stream.read())).toBe('data: ');
    stream.end();
    expect(await text(stream)).toBe('aab');
  });
});
