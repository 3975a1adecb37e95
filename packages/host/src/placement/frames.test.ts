import { describe, expect, it } from 'vitest';
import { FrameParser, splitFrames } from './frames.ts';

function frame(stream: number, body: string | Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(body), 4);
  return Buffer.concat([header, Buffer.from(body)]);
}

function parse(parser: FrameParser, chunks: Buffer[]): string {
  const pieces = chunks.flatMap((chunk) => [...parser.take(chunk)]);
  return pieces.map(({ stream, bytes }) => `${stream}:${bytes.toString()}`).join(' ');
}

describe('FrameParser', () => {
  const bytes = Buffer.concat([frame(1, 'one'), frame(2, 'oops'), frame(1, ''), frame(1, 'two')]);

  it('takes frames apart', () => {
    expect(parse(new FrameParser(), [bytes])).toBe('stdout:one stderr:oops stdout:two');
  });

  it('gives the same bytes however the stream was cut', () => {
    for (let size = 1; size < bytes.length; size += 1) {
      const parser = new FrameParser();
      const out = { stdout: '', stderr: '' };
      for (let at = 0; at < bytes.length; at += size) {
        for (const piece of parser.take(bytes.subarray(at, at + size))) out[piece.stream] += piece.bytes.toString();
      }
      expect(out).toEqual({ stdout: 'onetwo', stderr: 'oops' });
      expect(parser.atBoundary).toBe(true);
    }
  });

  it('knows when it is inside a frame', () => {
    const parser = new FrameParser();
    parse(parser, [bytes.subarray(0, 9)]);
    expect(parser.atBoundary).toBe(false);
  });

  it('refuses what is no multiplexed stream', () => {
    expect(() => parse(new FrameParser(), [Buffer.from('HTTP/1.1 200 OK')])).toThrow('unknown kind 72');
  });
});

describe('splitFrames', () => {
  it('sorts a whole log by stream', () => {
    expect(splitFrames(Buffer.concat([frame(2, 'a\n'), frame(1, 'x'), frame(2, 'b\n')]))).toEqual({
      stdout: 'x',
      stderr: 'a\nb\n',
    });
  });
});
