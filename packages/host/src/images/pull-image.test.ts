import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngineClient } from '../engine/engine-client.ts';
import { pullImage } from './pull-image.ts';

describe('pullImage', () => {
  let folder: string;
  let server: Server;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'airlock-'));
    server = createServer();
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function pull(engine: RequestListener, silenceMs = 10_000): Promise<string[]> {
    server.on('request', engine).listen(join(folder, 'engine.sock'));
    await once(server, 'listening');
    const client = createEngineClient({ kind: 'socket', path: join(folder, 'engine.sock') });
    const said: string[] = [];
    await pullImage({
      client,
      reference: 'debian:x',
      silenceMs,
      onProgress: (detail, percent) => said.push(`${detail} ${percent ?? ''}`),
    });
    return said;
  }

  it('reports how far it is', async () => {
    const said = await pull((_request, response) => {
      response.write('{"status":"Downloading","id":"a","progressDetail":{"current":1,"total":4}}\n');
      response.end('{"status":"Pull complete","id":"a"}\n');
    });
    expect(said).toEqual(['Downloading a 25', 'Pull complete a 25']);
  });

  it('says why the registry refused', async () => {
    const refused = pull((_request, response) => response.writeHead(500).end('{"message":"no such host"}'));
    await expect(refused).rejects.toMatchObject({ code: 'image_pull_failed', detail: 'debian:x: no such host' });
  });

  it('gives up on a registry that says nothing, before its first word or after', async () => {
    await expect(pull(() => {}, 20)).rejects.toMatchObject({ code: 'image_pull_failed' });
    server.removeAllListeners('request').close();
    server = createServer();
    const stalls: RequestListener = (_request, response) => response.write('{"status":"Waiting"}\n');
    await expect(pull(stalls, 20)).rejects.toMatchObject({
      code: 'image_pull_failed',
      detail: expect.stringContaining('no word'),
    });
  });
});
