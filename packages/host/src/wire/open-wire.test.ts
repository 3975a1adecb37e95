import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { type Duplex, duplexPair, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { idSchema } from '@airlock/protocol/ids';
import type { UpLine } from '@airlock/protocol/wire';
import { describe, expect, it } from 'vitest';
import { openWire } from './open-wire.ts';
import type { HostHello, WireHandlers } from './wire.ts';

const hello: HostHello = {
  v: 1,
  session: idSchema.parse('01a205e4-fb5e-7139-80e2-ae493036adcf'),
  container: 'c',
  epoch: 1,
  token: 'secret',
  upCommitted: 2,
};

const idle: WireHandlers = {
  onUp: () => Promise.resolve(),
  onLive: () => undefined,
  onDownAck: () => undefined,
  onModel: () => Promise.reject(new Error('Not asked for')),
  onMcp: () => Promise.reject(new Error('Not asked for')),
  onTranscript: () => Readable.from([]),
};

const accepted = '{"ok":true,"v":1,"downTaken":7}\n';

/** A runner made by hand: answers the hello, then speaks HTTP/2. */
async function openWith(handlers: Partial<WireHandlers>, answer = accepted) {
  const [ours, theirs] = duplexPair();
  const opening = openWire({ duplex: ours, hello, handlers: { ...idle, ...handlers } });
  await once(theirs, 'data');
  theirs.write(answer);
  theirs.on('end', () => theirs.destroy());
  const session = connect('http://host', { createConnection: () => theirs });
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': '/stream' }, { endStream: false });
  stream.on('error', () => undefined);
  return { wire: await opening, session, stream, theirs };
}

function up(stream: ClientHttp2Stream, ...lines: (UpLine | string)[]): void {
  stream.write(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
}

const note = (n: number): UpLine => ({ n, frame: { type: 'note', text: `note ${n}` } });

async function nextLine(stream: ClientHttp2Stream): Promise<unknown> {
  const [chunk] = await once(stream, 'data');
  return JSON.parse(String(chunk).trim().split('\n').at(-1) ?? '');
}

async function ask(session: ClientHttp2Session, path: string, body = '') {
  const stream = session.request({ ':method': 'POST', ':path': path, 'x-extra': 'kept' }, { endStream: false });
  const responded = once(stream, 'response');
  stream.end(body);
  const [headers] = await responded;
  return { headers, stream };
}

describe('openWire()', () => {
  it('sends its hello and learns what the runner has taken', async () => {
    const { wire } = await openWith({});
    expect(wire.downTaken).toBe(7);
    wire.close();
    expect(await wire.closed).toEqual({ reason: 'This host closed the wire' });
  });

  it.each([
    ['{"ok":false,"reason":"epoch"}\n', 'wire_refused', 'Another host has taken over this session'],
    ['{"ok":false,"reason":"token"}\n', 'wire_refused', 'The token is not that of the session'],
    ['{"ok":1}\n', 'runner_failed', 'The runner answered with 8 characters that are no hello'],
    ['hello\n', 'runner_failed', 'The runner answered with 5 characters that are no hello'],
    ['x'.repeat(8_200), 'runner_failed', 'The runner answered with too long a line'],
  ])('is refused by the answer %s', async (answer, code, detail) => {
    const [ours, theirs] = duplexPair();
    const opening = openWire({ duplex: ours, hello, handlers: idle });
    theirs.write(answer);
    await expect(opening).rejects.toMatchObject({ code, detail });
    expect(ours.destroyed).toBe(true);
  });

  it('fails when the runner says nothing, or goes', async () => {
    const [silent] = duplexPair();
    await expect(openWire({ duplex: silent, hello, handlers: idle, helloTimeoutMs: 5 })).rejects.toMatchObject({
      code: 'runner_failed',
      detail: 'The runner did not answer within 5 ms',
    });
    const [ours, theirs] = duplexPair();
    theirs.end();
    await expect(openWire({ duplex: ours, hello, handlers: idle })).rejects.toMatchObject({
      detail: 'The stream to the runner ended before it answered',
    });
  });

  it('closes when the runner never opens its stream', async () => {
    const [ours, theirs] = duplexPair();
    theirs.write(accepted);
    const wire = await openWire({ duplex: ours, hello, handlers: idle, helloTimeoutMs: 5 });
    expect(await wire.closed).toEqual({ reason: 'The runner did not open its stream' });
  });

  it('closes when the runner answers no pings', async () => {
    const [ours, theirs] = duplexPair();
    theirs.write(accepted);
    theirs.resume();
    const wire = await openWire({ duplex: ours, hello, handlers: idle, pingMs: 5 });
    expect(await wire.closed).toEqual({ reason: 'The runner does not answer any more' });
  });
});

describe('the stream up', () => {
  it('hands on frames in order, one at a time, and acknowledges what was committed', async () => {
    const seen: number[] = [];
    let inside = 0;
    const { stream } = await openWith({
      async onUp(n) {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise(setImmediate);
        inside -= 1;
        seen.push(n);
      },
    });
    up(stream, note(3), note(4), note(5));
    expect(await nextLine(stream)).toEqual({ ack: 5 });
    expect(seen).toEqual([3, 4, 5]);
  });

  it('drops what was committed before, and acknowledges it again', async () => {
    const seen: number[] = [];
    const { stream } = await openWith({ onUp: (n) => Promise.resolve(void seen.push(n)) });
    up(stream, note(1), note(2));
    expect(await nextLine(stream)).toEqual({ ack: 2 });
    expect(seen).toEqual([]);
  });

  it.each([
    ['a gap', note(4), 'Frame 4 came after frame 2'],
    ['a line that is not JSON', '{', 'The runner sent a line that is not JSON'],
    ['another form', '{"n":3,"frame":{"type":"x"}}', 'The runner sent a line of another form'],
  ])('is closed by %s', async (_what, line, reason) => {
    const { wire, stream } = await openWith({});
    up(stream, line);
    expect((await wire.closed).reason).toContain(reason);
  });

  it('is closed without an acknowledgement when a frame cannot be committed', async () => {
    const { wire, stream } = await openWith({
      onUp: (n) => (n === 4 ? Promise.reject(new Error('Disk full')) : Promise.resolve()),
    });
    const line = nextLine(stream);
    up(stream, note(3), note(4), note(5));
    expect(await line).toEqual({ ack: 3 });
    expect(await wire.closed).toEqual({ reason: 'Disk full' });
  });

  it('hands on live text and acknowledgements between frames', async () => {
    const seen: unknown[] = [];
    const { stream } = await openWith({
      onUp: (n) => Promise.resolve(void seen.push(n)),
      onLive: (frame) => seen.push(frame.type),
      onDownAck: (n) => seen.push({ ack: n }),
    });
    up(stream, { live: { type: 'retract', messageId: 'm' } }, { ack: 8 }, note(3));
    await nextLine(stream);
    expect(seen).toEqual(['retract', { ack: 8 }, 3]);
  });

  it('stops reading while a frame is being committed', async () => {
    const commit = Promise.withResolvers<void>();
    const { stream, wire } = await openWith({ onUp: () => commit.promise });
    const big = { type: 'note' as const, text: 'x'.repeat(1024 * 1024) };
    let n = 3;
    while (stream.write(`${JSON.stringify({ n, frame: big })}\n`) || stream.writableLength < 1) n += 1;
    await new Promise(setImmediate);
    expect(stream.writableNeedDrain).toBe(true);
    commit.resolve();
    await once(stream, 'drain');
    wire.close();
  });
});

describe('the stream down', () => {
  it('sends what was given before the runner opened it', async () => {
    const [ours, theirs] = duplexPair();
    theirs.write(accepted);
    const wire = await openWire({ duplex: ours, hello, handlers: idle });
    wire.send(8, { type: 'interrupt' });
    await once(theirs, 'data');
    const session = connect('http://host', { createConnection: () => theirs as Duplex });
    session.on('error', () => undefined);
    const stream = session.request({ ':method': 'POST', ':path': '/stream' }, { endStream: false });
    stream.on('error', () => undefined);
    expect(await nextLine(stream)).toEqual({ n: 8, frame: { type: 'interrupt' } });
    wire.close();
    wire.send(9, { type: 'end' });
  });
});

describe('the transcript', () => {
  async function* lines(isCut: boolean) {
    yield 'one\n';
    yield 'two\n';
    if (isCut) throw new Error('The store went away');
  }
  const read = async (session: ClientHttp2Session) => {
    const stream = session.request({ ':method': 'GET', ':path': '/transcript' });
    return await text(stream);
  };

  it('is streamed to a runner that asks for it, as often as it asks', async () => {
    const { session } = await openWith({ onTranscript: () => lines(false) });
    expect([await read(session), await read(session)]).toEqual(['one\ntwo\n', 'one\ntwo\n']);
  });

  it('is cut when it cannot be read to its end', async () => {
    const { session } = await openWith({ onTranscript: () => lines(true) });
    await expect(read(session)).rejects.toThrow();
  });
});

describe('model requests', () => {
  it('reach their handler, and the answer streams back', async () => {
    const { session } = await openWith({
      async onModel(request) {
        expect(request.method).toBe('POST');
        expect(request.path).toBe('/v1/messages?beta=true');
        expect(request.headers['x-extra']).toBe('kept');
        expect(Object.keys(request.headers).some((name) => name.startsWith(':'))).toBe(false);
        const body = await text(request.body);
        return { status: 201, headers: { 'x-said': body }, body: Readable.from(['one', 'two']) };
      },
    });
    const { headers, stream } = await ask(session, '/model/v1/messages?beta=true', 'hi');
    expect(headers).toMatchObject({ ':status': 201, 'x-said': 'hi' });
    expect(await text(stream)).toBe('onetwo');
  });

  it('are cut when the answer fails', async () => {
    const body = new Readable({ read: () => undefined });
    const { session } = await openWith({ onModel: () => Promise.resolve({ status: 200, headers: {}, body }) });
    body.push('half');
    const { stream } = await ask(session, '/model/v1/messages');
    await once(stream, 'data');
    body.destroy(new Error('Cut'));
    await expect(text(stream)).rejects.toThrow();
  });

  it('are not answered when the answer fails before its first byte', async () => {
    const body = new Readable({ read: () => body.destroy(new Error('Cut')) });
    const { session } = await openWith({ onModel: () => Promise.resolve({ status: 200, headers: {}, body }) });
    const stream = session.request({ ':method': 'POST', ':path': '/model/v1/messages' });
    let isAnswered = false;
    stream
      .on('error', () => undefined)
      .once('response', () => {
        isAnswered = true;
      });
    await new Promise((resolve) => stream.once('close', resolve));
    expect([isAnswered, stream.rstCode]).toEqual([false, constants.NGHTTP2_INTERNAL_ERROR]);
  });

  it('are cut, never ended, when the wire closes', async () => {
    const body = new Readable({ read: () => undefined });
    const { session, wire } = await openWith({ onModel: () => Promise.resolve({ status: 200, headers: {}, body }) });
    body.push('half');
    const { stream } = await ask(session, '/model/v1/messages');
    await once(stream, 'data');
    let isEnded = false;
    stream
      .on('error', () => undefined)
      .on('end', () => {
        isEnded = stream.rstCode === 0;
      });
    wire.close();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(isEnded && stream.rstCode === 0).toBe(false);
  });

  it('abort when the runner gives up', async () => {
    const aborted = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const body = new Readable({ read: () => asked.resolve() });
    const { session } = await openWith({
      onModel(request) {
        request.signal.addEventListener('abort', () => aborted.resolve());
        return Promise.resolve({ status: 200, headers: {}, body });
      },
    });
    const stream = session.request({ ':method': 'POST', ':path': '/model/v1/messages' });
    await asked.promise;
    const closed = once(body, 'close');
    stream.close();
    await Promise.all([aborted.promise, closed]);
  });

  /** Twenty answers without an end, at a runner that stopped reading. */
  async function flooded() {
    const bodies: Readable[] = [];
    const opened = await openWith({
      onModel() {
        const body: Readable = new Readable({ read: () => body.push(Buffer.alloc(64 * 1024)) });
        bodies.push(body);
        return Promise.resolve({ status: 200, headers: {}, body });
      },
    });
    for (let count = 0; count < 20; count += 1) {
      const { stream } = await ask(opened.session, '/model/v1/messages');
      stream.on('error', () => undefined);
    }
    opened.theirs.pause();
    await new Promise(setImmediate);
    const closed = Promise.all(bodies.map((body) => new Promise((resolve) => body.once('close', resolve))));
    return { ...opened, closed };
  }

  it('end with a runner killed in the middle of a flood', async () => {
    const { theirs, wire, closed } = await flooded();
    theirs.destroy();
    theirs.resume();
    await wire.closed;
    await closed;
  });

  it('end with a wire closed while the runner does not read', async () => {
    const { wire, closed } = await flooded();
    wire.close();
    await wire.closed;
    await closed;
  });
});

describe('requests to MCP servers', () => {
  const body = () => new Readable({ read: () => undefined });

  it('reach their handler by the name of the server, and are answered before the first byte', async () => {
    const answered = body();
    const { session } = await openWith({
      async onMcp({ method, server, headers, body: asked }) {
        expect([method, server, headers['x-extra'], await text(asked)]).toEqual(['POST', 'issues', 'kept', 'hi']);
        expect(Object.keys(headers).some((name) => name.startsWith(':'))).toBe(false);
        return { status: 200, headers: { 'mcp-session-id': 's' }, body: answered };
      },
    });
    const { headers, stream } = await ask(session, '/mcp/issues', 'hi');
    expect(headers).toMatchObject({ ':status': 200, 'mcp-session-id': 's' });
    answered.push('one');
    expect(String((await once(stream, 'data'))[0])).toBe('one');
    answered.push(null);
    await once(stream, 'end');
  });

  it('are handed on with whatever path they have, for the handler to look up', async () => {
    const servers: string[] = [];
    const { session } = await openWith({
      onMcp({ server }) {
        servers.push(server);
        return Promise.resolve({ status: 204, headers: {}, body: Readable.from([]) });
      },
    });
    for (const path of ['/mcp/', '/mcp/a/b', '/mcp/../model', '/mcp/a?x=1']) {
      expect((await ask(session, path)).headers[':status']).toBe(204);
    }
    expect(servers).toEqual(['', 'a/b', '../model', 'a?x=1']);
  });

  it('cannot be longer than they say', async () => {
    const got = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    const { session } = await openWith({
      async onMcp({ body: asking }) {
        asked.resolve();
        got.resolve(await text(asking).catch(() => 'cut'));
        return { status: 200, headers: {}, body: Readable.from([]) };
      },
    });
    const head = { ':method': 'POST', ':path': '/mcp/issues', 'content-length': '2' };
    const stream = session.request(head, { endStream: false });
    stream.on('error', () => undefined);
    await asked.promise;
    stream.end('{}POST /elsewhere HTTP/1.1');
    await new Promise((resolve) => stream.once('close', resolve));
    expect(await got.promise).toBe('cut');
  });

  it('are cut when the answer fails, and when there is none', async () => {
    const failing = body();
    const { session } = await openWith({
      onMcp: ({ server }) =>
        server === 'a'
          ? Promise.resolve({ status: 200, headers: {}, body: failing })
          : Promise.reject(new Error('No answer')),
    });
    const { stream } = await ask(session, '/mcp/a');
    failing.destroy(new Error('Cut'));
    await expect(text(stream)).rejects.toThrow();
    const none = session.request({ ':method': 'GET', ':path': '/mcp/b' });
    await expect(text(none)).rejects.toThrow();
  });

  it('abort when the runner gives up', async () => {
    const aborted = Promise.withResolvers<void>();
    const answered = body();
    const { session } = await openWith({
      onMcp({ signal }) {
        signal.addEventListener('abort', () => aborted.resolve());
        return Promise.resolve({ status: 200, headers: {}, body: answered });
      },
    });
    const { stream } = await ask(session, '/mcp/a');
    const closed = new Promise((resolve) => answered.once('close', resolve));
    stream.close();
    await Promise.all([aborted.promise, closed]);
  });
});

it('a session that breaks with its first request harms nobody', async () => {
  const { session, wire } = await openWith({});
  const stream = session.request({ ':method': 'POST', ':path': '/mcp/a', 'content-length': '2' }, { endStream: false });
  stream.on('error', () => undefined);
  stream.end('more than two');
  await wire.closed;
});
