import { Duplex } from 'node:stream';

/**
 * The same bytes without the operating system's handle. HTTP/2 would read a socket's handle directly, past what was
 * already read from it and past any error handler of ours.
 */
export function withoutHandle(inner: Duplex): Duplex {
  function write(chunk: Buffer, done: () => void): void {
    if (inner.write(chunk)) done();
    else waitForDrain(inner, done);
  }

  const outer = new Duplex({
    read() {
      inner.resume();
    },
    write: (chunk, _encoding, done) => write(chunk, done),
    // HTTP/2 writes headers, frame heads and data one by one: one packet on the way into the container, not three.
    writev: (chunks, done) => write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    final(done) {
      inner.end(() => done());
    },
    destroy(error, done) {
      inner.destroy();
      done(error);
    },
  });
  inner.on('data', (chunk: Buffer) => {
    if (!outer.push(chunk)) inner.pause();
  });
  inner.pause();
  // The other side never half-closes: its end is the end. HTTP/2 over a stream fails an assertion of Node's when it
  // writes after the end was passed on to it.
  inner.on('end', () => outer.destroy());
  inner.on('error', (error) => outer.destroy(error));
  inner.on('close', () => outer.destroy());
  return outer;
}

function waitForDrain(inner: Duplex, done: () => void): void {
  const settle = () => {
    inner.off('drain', settle).off('close', settle);
    done();
  };
  inner.on('drain', settle).on('close', settle);
}
