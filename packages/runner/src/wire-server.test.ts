import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createWireServer, type WireServer } from './wire-server.ts';

const session = '01a205e4-fb5e-7139-80e2-ae493036adcf';
const token = 'secret';
const tokenHash = createHash('sha256').update(token).digest('hex');
let servers = 0;
const open: (WireServer | Socket)[] = [];

afterEach(() => {
  for (const one of open.splice(0)) 'listen' in one ? one.close() : one.destroy();
});

async function listen(helloTimeoutMs = 10_000) {
  servers += 1;
  const address = `\0airlock-wire-test-${process.pid}-${servers}`;
  const accepted: { socket: Socket; epoch: number }[] = [];
  const server = createWireServer({
    session,
    tokenHash,
    helloTimeoutMs,
    downTaken: () => 5,
    onAccept: (socket, { epoch }) => accepted.push({ socket, epoch }),
  });
  open.push(server);
  await server.listen(address);
  const dial = async () => {
    const socket = connect(address);
    open.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  const greet = async (hello: object) => {
    const socket = await dial();
    socket.write(`${JSON.stringify({ v: 1, session, container: 'c', epoch: 1, token, upCommitted: 0, ...hello })}\n`);
    const [answer] = await once(socket, 'data');
    return { socket, answer: JSON.parse(String(answer)) as unknown };
  };
  return { dial, greet, accepted };
}

describe('createWireServer()', () => {
  it('W1. gives nothing but a refusal without the token', async () => {
    const { greet, accepted } = await listen();
    const { socket, answer } = await greet({ token: 'guess' });
    expect(answer).toEqual({ ok: false, reason: 'token' });
    await once(socket, 'close');
    expect(accepted).toEqual([]);
  });

  it('W1. refuses a hello that never ends', async () => {
    const { dial } = await listen();
    const socket = await dial();
    socket.write('x'.repeat(10_000));
    expect(JSON.parse(String((await once(socket, 'data'))[0]))).toEqual({ ok: false, reason: 'malformed' });
  });

  it('W2. takes only rising epochs', async () => {
    const { greet, accepted } = await listen();
    expect((await greet({ epoch: 2 })).answer).toEqual({ ok: true, v: 1, downTaken: 5 });
    expect((await greet({ epoch: 2 })).answer).toEqual({ ok: false, reason: 'epoch' });
    expect((await greet({ epoch: 1 })).answer).toEqual({ ok: false, reason: 'epoch' });
    expect((await greet({ epoch: 3 })).answer).toMatchObject({ ok: true });
    expect(accepted.map(({ epoch }) => epoch)).toEqual([2, 3]);
  });

  it('W3. closes the older connection before the newer is used', async () => {
    const { greet, accepted } = await listen();
    const { socket: older } = await greet({ epoch: 1 });
    const closed = once(older, 'close');
    await greet({ epoch: 2 });
    expect(accepted[0]?.socket.destroyed).toBe(true);
    await closed;
  });

  it('W4. drops the oldest of too many silent connections, not the newest', async () => {
    const { dial, greet } = await listen();
    const silent: Socket[] = [];
    for (let count = 0; count < 8; count += 1) silent.push(await dial());
    const closed = once(silent[0] as Socket, 'close');
    expect((await greet({})).answer).toMatchObject({ ok: true });
    await closed;
    expect(silent.slice(1).some((socket) => socket.destroyed)).toBe(false);
  });

  it('W4. drops a connection that never says hello', async () => {
    const { dial } = await listen(5);
    await once((await dial()).resume(), 'close');
  });
});
