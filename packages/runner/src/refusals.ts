import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const sentence = (target: string) =>
  `Airlock: this container has no way out to the network, so ${target.slice(0, 200)} cannot be reached.\n`;

/** Answers a request made through the proxy settings. */
export function refuse(response: ServerResponse, target: string): void {
  response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(sentence(target));
}

/** Answers CONNECT. */
export function refuseTunnel(request: IncomingMessage, socket: Duplex): void {
  const body = sentence(request.url ?? 'it');
  socket.on('error', () => socket.destroy());
  socket.end(
    'HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
