import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ExecStream } from './exec-stream.ts';

/** The engine's end of a hijacked connection, in our hands. */
class FakeConnection extends Duplex {
  readonly written: string[] = [];
  pending: (() => void) | undefined;
  hold = false;
  ended = false;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk.toString());
    if (this.hold) this.pending = done;
    else done();
  }

  override _final(done: () => void): void {
    this.ended = true;
    done();
  }

  send(stream: number, body: string | Buffer): boolean {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(Buffer.byteLength(body), 4);
    return this.push(Buffer.concat([header, Buffer.from(body)]));
  }
}

function open(onEnd: (stderr: string) => Promise<Error | undefined> = async () => undefined) {
  const connection = new FakeConnection({ highWaterMark: 1024 });
  return { connection, stream: new ExecStream({ connection, onEnd }) };
}

describe('ExecStream', () => {
  it('reads stdout and ends when the program does', async () => {
    const { connection, stream } = open();
    connection.send(1, 'a');
    connection.send(2, 'noise');
    connection.send(1, 'b');
    connection.push(null);
    expect(await text(stream)).toBe('ab');
  });

  it('takes nothing from the connection while nobody reads', async () => {
    const { connection, stream } = open();
    const body = Buffer.alloc(512, 1);
    let sent = 0;
    // Both buffers are bounded: the stream's own and the connection's.
    while (connection.send(1, body)) {
      sent += 1;
      await new Promise(setImmediate);
      if (sent > 10_000) throw new Error('no back-pressure');
    }
    expect(stream.readableLength).toBeLessThanOrEqual(stream.readableHighWaterMark + 1024);
    connection.push(null);
    expect((await text(stream)).length).toBe((sent + 1) * body.length);
  });

  it('finishes a write when the connection has taken it', async () => {
    const { connection, stream } = open();
    connection.hold = true;
    let done = false;
    stream.write('x', () => {
      done = true;
    });
    await new Promise(setImmediate);
    expect({ written: connection.written, done }).toEqual({ written: ['x'], done: false });
    connection.pending?.();
    await new Promise(setImmediate);
    expect(done).toBe(true);
  });

  it('goes on reading after its own end', async () => {
    const { connection, stream } = open();
    stream.end('last');
    await once(stream, 'finish');
    expect(connection).toMatchObject({ written: ['last'], ended: true });
    connection.send(1, 'reply');
    connection.push(null);
    expect(await text(stream)).toBe('reply');
  });

  it('fails with what the program said of its failure', async () => {
    const { connection, stream } = open(async (stderr) => new Error(`exit 69: ${stderr}`));
    connection.send(2, 'no runner listens\n');
    connection.push(null);
    await expect(text(stream)).rejects.toThrow('exit 69: no runner listens');
  });

  it('fails when the connection is cut, inside a frame or between two', async () => {
    const inside = open();
    inside.connection.push(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65]));
    inside.connection.push(null);
    await expect(text(inside.stream)).rejects.toThrow('inside a frame');
    const between = open();
    between.connection.destroy();
    await expect(text(between.stream)).rejects.toThrow('closed the connection');
  });

  it('closes the connection when it is destroyed', () => {
    const { connection, stream } = open();
    stream.destroy();
    expect(connection.destroyed).toBe(true);
  });
});
