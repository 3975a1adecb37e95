import { createServer, type Server, type Socket } from 'node:net';
import { createLineReader } from '@airlock/protocol/lines';
import type { HostHello, RunnerHello } from '@airlock/protocol/wire';
import { checkHello } from './hello.ts';

/*
 * Who may hold the wire.
 *
 * W1. A connection gets nothing but a refusal before it has shown the token of the session.
 * W2. Epochs only rise: a hello with an epoch already taken, or a lower one, is refused.
 * W3. A connection that is accepted closes the one before it, before a byte of it is read.
 * W4. Connections without a hello are bounded in number and in time, and never keep a newer one out.
 */

export interface WireServerOptions {
  readonly session: string;
  readonly tokenHash: string;
  /** Number of the last down frame taken. */
  readonly downTaken: () => number;
  /** Takes over an accepted connection; HTTP/2 follows on it. */
  readonly onAccept: (socket: Socket, hello: HostHello) => void;
  /** How long a connection has to say hello. @default 10_000 */
  readonly helloTimeoutMs?: number;
}

export interface WireServer {
  /** Resolves once connections are taken; rejects when the address cannot be had. */
  listen(address: string): Promise<void>;
  /** Closes the server and every connection. */
  close(): void;
}

const maxHello = 8 * 1024;
const maxWaiting = 8;

export function createWireServer(options: WireServerOptions): WireServer {
  const { helloTimeoutMs = 10_000 } = options;
  const waiting = new Set<Socket>();
  let epoch = 0;
  let current: Socket | undefined;

  function greet(socket: Socket): void {
    const [oldest] = waiting;
    if (waiting.size >= maxWaiting) oldest?.destroy();
    waiting.add(socket);
    const reader = createLineReader(maxHello);
    const timer = setTimeout(() => socket.destroy(), helloTimeoutMs);
    const forget = () => {
      clearTimeout(timer);
      waiting.delete(socket);
    };
    socket.on('error', () => socket.destroy());
    socket.once('close', forget);
    socket.on('data', function take(chunk: Buffer) {
      const line = firstLine(reader, chunk);
      if (line === undefined) return;
      socket.off('data', take);
      socket.pause();
      forget();
      judge(socket, line);
    });
  }

  function judge(socket: Socket, line: string): void {
    const { session, tokenHash } = options;
    const check = checkHello(line, { session, tokenHash, epoch });
    if (!check.ok) {
      socket.end(encode({ ok: false, reason: check.reason }), () => socket.destroy());
      return;
    }
    epoch = check.hello.epoch;
    current?.destroy();
    current = socket;
    socket.write(encode({ ok: true, v: 1, downTaken: options.downTaken() }));
    options.onAccept(socket, check.hello);
  }

  const server: Server = createServer(greet);
  return {
    async listen(address) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address, resolve);
      });
    },
    close() {
      server.close();
      for (const socket of waiting) socket.destroy();
      current?.destroy();
    },
  };
}

/** The first line once it is complete; too long a line reads as an empty one. */
function firstLine(reader: ReturnType<typeof createLineReader>, chunk: Buffer): string | undefined {
  try {
    return reader.push(chunk)[0];
  } catch {
    return '';
  }
}

function encode(hello: RunnerHello): string {
  return `${JSON.stringify(hello)}\n`;
}
