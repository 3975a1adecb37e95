import { Duplex } from 'node:stream';
import { FrameParser } from './frames.ts';

const stderrLimit = 4096;

export interface ExecStreamOptions {
  /** The hijacked connection of a started exec. */
  readonly connection: Duplex;
  /** Called with what the program wrote to stderr when its stream has ended; an error it returns is the stream's. */
  readonly onEnd: (stderr: string) => Promise<Error | undefined>;
}

/**
 * Stdin and stdout of an exec'd program as one stream. Both directions wait for the slower side: nothing is read from
 * the connection before this stream is read, and a write is done when the connection has taken it. Ending it ends the
 * program's stdin; destroying it closes the connection, which does the same.
 */
export class ExecStream extends Duplex {
  readonly #connection: Duplex;
  readonly #parser = new FrameParser();
  readonly #onEnd: ExecStreamOptions['onEnd'];
  #stderr = '';
  #wanted = false;

  constructor({ connection, onEnd }: ExecStreamOptions) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    this.#onEnd = onEnd;
    connection.on('readable', () => this.#pump());
    connection.once('end', () => this.#ended());
    connection.once('error', (error) => this.destroy(error));
    connection.once('close', () => this.#closed());
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#connection.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#connection.cork();
    chunks.forEach(({ chunk }, index) => {
      this.#connection.write(chunk, index === chunks.length - 1 ? done : undefined);
    });
    this.#connection.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.destroy();
    done(error);
  }

  #pump(): void {
    while (this.#wanted && !this.destroyed) {
      const chunk: Buffer | null = this.#connection.read();
      if (chunk === null) return;
      this.#take(chunk);
    }
  }

  #take(chunk: Buffer): void {
    try {
      for (const { stream, bytes } of this.#parser.take(chunk)) {
        if (stream === 'stderr') this.#stderr = (this.#stderr + bytes.toString()).slice(-stderrLimit);
        else if (!this.push(bytes)) this.#wanted = false;
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #ended(): void {
    this.#onEnd(this.#stderr.trim()).then(
      (error) => this.#finish(error),
      (error: Error) => this.destroy(error),
    );
  }

  #finish(error: Error | undefined): void {
    if (error !== undefined) this.destroy(error);
    else if (!this.#parser.atBoundary) this.destroy(new Error('the engine cut the stream inside a frame'));
    else this.push(null);
  }

  /** A connection closed without an end was cut. */
  #closed(): void {
    if (!this.#connection.readableEnded) this.destroy(new Error('the engine closed the connection'));
  }
}
