import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A server of one git repository on loopback, as a forge is: `git http-backend` behind a password. */
export interface GitServer {
  /** Of the repository. */
  readonly url: string;
  /** As it stands in the settings of a secret. */
  readonly host: string;
  /** Runs git in the repository. */
  git(...args: string[]): string;
  /** Called before each request; what it gives is the status answered instead, if it is answered at all. */
  answer: (request: IncomingMessage) => number | 'never' | undefined;
  close(): Promise<void>;
}

const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];

/** Serves a repository with these files in one commit; without a token to everyone. */
export async function createGitServer(files: Readonly<Record<string, string>>, token?: string): Promise<GitServer> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-git-'));
  const work = join(folder, 'work');
  const repository = join(folder, 'project.git');
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', [...author, ...args], { cwd, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder } });
  mkdirSync(work);
  git(work, 'init', '-q', '-b', 'main');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), text);
  }
  git(work, 'add', '-A');
  git(work, 'commit', '-q', '--allow-empty', '-m', 'Begin');
  git(work, 'tag', 'v1');
  git(folder, 'clone', '-q', '--bare', work, repository);
  git(repository, 'config', 'http.receivepack', 'true');

  const wanted = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const status =
      made.answer(request) ?? (token === undefined || request.headers.authorization === wanted ? undefined : 401);
    if (status === 'never') return;
    if (status === undefined) return serve(request, response, folder);
    response.writeHead(status, { 'www-authenticate': 'Basic realm="git"', location: 'http://127.0.0.1:1/' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made: GitServer = {
    url: `http://${host}/project.git`,
    host,
    git: (...args) => git(repository, ...args),
    answer: () => undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
  return made;
}

function serve(request: IncomingMessage, response: ServerResponse, root: string): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
  const { headers } = request;
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'ada',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(backend.stdin).on('error', () => undefined);
  let head = Buffer.alloc(0);
  let isBody = false;
  backend.stdout.on('data', (chunk: Buffer) => {
    if (isBody) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    isBody = true;
    const lines = head.subarray(0, end).toString().split('\r\n');
    const fields = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
    const { Status = '200', ...answered } = Object.fromEntries(fields) as Record<string, string>;
    response.writeHead(Number.parseInt(Status, 10), answered).write(head.subarray(end + 4));
  });
  backend.on('close', () => response.end());
}
