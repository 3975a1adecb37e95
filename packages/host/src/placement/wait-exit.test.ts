import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngineClient, type EngineClient } from '../engine/engine-client.ts';
import { waitFor } from './wait-exit.ts';

describe('waitFor', () => {
  let folder: string;
  let server: Server;
  let client: EngineClient;
  let answer: Promise<ServerResponse>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'airlock-'));
    server = createServer();
    answer = once(server, 'request').then(([, response]) => {
      // Docker sends its headers at once and the body when the container ends.
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      return response;
    });
    server.listen(join(folder, 'engine.sock'));
    await once(server, 'listening');
    client = createEngineClient({ kind: 'socket', path: join(folder, 'engine.sock') });
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  const wait = (signal: AbortSignal = new AbortController().signal): Promise<void> =>
    waitFor('not-running', { client, containerId: 'c', signal });

  it('resolves when the engine says so', async () => {
    const waiting = wait();
    (await answer).end('{"StatusCode":0}');
    await expect(waiting).resolves.toBeUndefined();
  });

  it('rejects when the engine goes away meanwhile', async () => {
    const waiting = wait();
    (await answer).destroy();
    await expect(waiting).rejects.toMatchObject({ code: 'engine_unreachable' });
  });

  it('rejects with the reason when it is aborted', async () => {
    const abort = new AbortController();
    const waiting = wait(abort.signal);
    await answer;
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
