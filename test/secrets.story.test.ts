import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execStream, execText } from '@airlock/host/placement/exec';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Api, ofKind } from './harness/api.ts';
import { testKey } from './harness/host.ts';
import { backwards, outputOf, searchAsRoot } from './harness/search-as-root.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const script = `
scenarios:
  - when: { contains: Guard the vault }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: python3 /workspace/attack.py tool } } }]
      - blocks: [{ tool_use: { name: Bash, input: { command: "python3 -c \\"print('it ran', file=open('/workspace/ran.txt', 'a'))\\"" } } }]
      - say: The vault was guarded.
  - when: { contains: Be ended }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "python3 -c \\"print('it ran', file=open('/workspace/ran.txt', 'a'))\\"" } } }]
`;

/* As a tool: everything it can read, and everything it may try. Writes what came of it beside itself. */
const attack = `
import ctypes, errno, json, os, signal, socket, sys
inherited = [fd for fd in range(3, 1024) if os.path.exists('/proc/self/fd/%d' % fd)]
needles = json.load(open('/workspace/needles.json'))
found, tried, wire, model = set(), {}, {}, {}
def look(where, data):
  found.update(name + ': ' + where for name, needle in needles.items() if needle.encode() in data[::-1])
def attempt(name, action):
  try:
    action()
    tried[name] = 'done'
  except OSError as e: tried[name] = errno.errorcode[e.errno]
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
  if libc.syscall(*(ctypes.c_long(each) for each in args)) < 0: raise OSError(ctypes.get_errno(), '')
def memory(pid):
  with open('/proc/%s/mem' % pid, 'rb', 0) as mem:
    for line in open('/proc/%s/maps' % pid):
      if line.split()[1][0] != 'r' or '[v' in line: continue
      first, last = (int(end, 16) for end in line.split()[0].split('-'))
      mem.seek(first)
      look('memory of others', mem.read(last - first))
def write(path, data):
  with open(path, 'wb', 0) as file: file.write(data)

machine = os.uname().machine
pidfd_getfd, process_vm_readv = 438, 310 if machine == 'x86_64' else 270
programs = {}
for pid in filter(str.isdigit, os.listdir('/proc')):
  base = '/proc/' + pid
  try:
    arguments = open(base + '/cmdline', 'rb').read()
    look('arguments', arguments)
    name = os.path.basename(arguments.split(b'\\0')[0].decode())
    if name in ('init', 'node', 'claude', 'bridge'): programs[name] = int(pid)
    look('environment', open(base + '/environ', 'rb').read())
    for fd in os.listdir(base + '/fd'): look('open file', os.readlink(base + '/fd/' + fd).encode())
    if pid != str(os.getpid()): memory(pid)
  except OSError: pass
for name, pid in programs.items():
  base = '/proc/%d/' % pid
  attempt(name + ' environ', lambda: open(base + 'environ').read())
  attempt(name + ' maps', lambda: open(base + 'maps').read())
  attempt(name + ' mem', lambda: open(base + 'mem', 'rb'))
  attempt(name + ' mem, to write', lambda: open(base + 'mem', 'r+b'))
  attempt(name + ' fd', lambda: os.listdir(base + 'fd'))
  for fd in range(24): attempt(name + ' fd, to write', lambda: write(base + 'fd/%d' % fd, b'{}\\n'))
  attempt(name + ' ptrace', lambda: call(101 if machine == 'x86_64' else 117, 0x4206, pid, 0, 0))
  attempt(name + ' process_vm_readv', lambda: call(process_vm_readv, pid, 0, 0, 0, 0, 0))
  attempt(name + ' pidfd_getfd', lambda: call(pidfd_getfd, os.pidfd_open(pid), 0, 0))

def dial():
  s = socket.socket(socket.AF_UNIX)
  s.settimeout(30)
  s.connect('\\0airlock-wire')
  return s
def rest(s):
  heard = b''
  try:
    while chunk := s.recv(65536): heard += chunk
  except ConnectionError: pass
  return heard.decode()
def say(name, *parts):
  with dial() as s:
    try:
      for part in parts: s.sendall(part)
    except ConnectionError: pass
    wire[name] = rest(s)
facts = json.load(open('/workspace/facts.json'))
def hello(**fields):
  whole = dict(v=1, session=facts['session'], container=facts['container'], epoch=10**9, token='x' * 43, upCommitted=0)
  return json.dumps({**whole, **fields}).encode() + b'\\n'
answer = json.dumps(dict(n=1, frame=dict(type='answer', requestId=facts['request'], verdict=dict(behavior='allow')))).encode() + b'\\n'
say('no hello', answer)
say('HTTP/2 at once', b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + bytes(9))
say('wrong token', hello(), answer)
say('hash as token', hello(token=facts['tokenHash']), answer)
say('no token', hello(token=''), answer)
say('other types', hello(token=None), answer)
say('garbage', bytes(range(256)) * 64)
silent = [dial() for _ in range(9)]
wire['silence'] = rest(silent[0])
for s in silent: s.close()
attempt('wire bind', lambda: socket.socket(socket.AF_UNIX).bind('\\0airlock-wire'))

def listening():
  lines = [line.split() for name in ('tcp', 'tcp6') for line in open('/proc/net/' + name)]
  return sorted(int(line[1].rsplit(':', 1)[1], 16) for line in lines if line[3] == '0A')
before = listening()
def ask(name, first, body=b'', extra=b''):
  with socket.create_connection(('127.0.0.1', before[0]), 30) as s:
    head = first.encode() + b' HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\ncontent-type: application/json\\r\\n' + extra
    s.sendall(head + b'content-length: %d\\r\\n\\r\\n' % len(body) + body)
    text = rest(s)
    look('answer of the model port', text.encode())
    model[name] = text.split('\\r\\n')[0].removeprefix('HTTP/1.1 ')
talk = json.dumps(dict(model='claude-sonnet-4-5', max_tokens=64, messages=[dict(role='user', content='From a tool')])).encode()
ask('messages', 'POST /v1/messages', talk, b'x-api-key: of-my-own\\r\\n')
ask('other method', 'GET /v1/messages')
ask('other route', 'POST /v1/files', talk)
ask('the stream', 'POST /stream', answer)
ask('the stream, by dots', 'POST /../stream', answer)
ask('the stream, by more dots', 'POST /v1/messages/../../../stream', answer)
ask('the stream, by a header', 'POST /v1/messages', answer, b':path: /stream\\r\\n')
ask('another host', 'GET http://example.com/')
ask('a tunnel', 'CONNECT example.com:443')

attempt('node SIGUSR1', lambda: os.kill(programs['node'], signal.SIGUSR1))
ask('messages after the signal', 'POST /v1/messages', talk)
alive = [name for name, pid in programs.items() if os.path.exists('/proc/%d' % pid)]
result = dict(found=sorted(found), tried=tried, wire=wire, model=model, alive=sorted(alive), opened=listening() != before,
  inherited=inherited)
open('/workspace/%s.json' % sys.argv[1], 'w').write(json.dumps(result))
print('attacked')
`;

const outcomes = z.record(z.string(), z.string());
const attackedSchema = z.object({
  found: z.array(z.string()),
  tried: outcomes,
  wire: outcomes,
  model: outcomes,
  alive: z.array(z.string()),
  opened: z.boolean(),
  inherited: z.array(z.number()),
});
type Attacked = z.infer<typeof attackedSchema>;

const docker = new Docker();
let setting: Setting;
let execution: string;
let name: string;
let token: string;
/** The tool call that waits for a person while all of this happens. */
let request: string;
let asTool: Attacked;

/** Runs a program in the container as the agent's user. */
const run = (...command: string[]) => execText({ client: docker, containerId: name, command, doing: 'Test' });
const write = (path: string, content: string) =>
  run('python3', '-c', 'import sys; open(sys.argv[1], "w").write(sys.argv[2])', path, content);
const attacked = async (by: string) => attackedSchema.parse(JSON.parse(await run('cat', `/workspace/${by}.json`)));

function tokenOf(session: string): string {
  const file = readdirSync(setting.host.home).find((each) => /\.(db|sqlite)$/.test(each)) ?? '';
  const store = new DatabaseSync(join(setting.host.home, file), { readOnly: true });
  try {
    return String(store.prepare('select token from sessions where id = ?').get(session)?.token);
  } finally {
    store.close();
  }
}

async function openRequests(): Promise<string[]> {
  const { requests } = await setting.api.execution(execution);
  return requests.map(({ id }) => id);
}

/** With their workspaces. */
async function removeExecutions(api: Api): Promise<void> {
  const { body } = await api.call('GET', '/executions');
  for (const { id } of z.array(z.object({ id: z.string() })).parse(body.items)) {
    await api.call('DELETE', `/executions/${id}`);
  }
}

/** What a session left in its workspace. */
async function filesIn(volume: string, Image: string): Promise<string[]> {
  const HostConfig = { Binds: [`${volume}:/workspace:ro`], NetworkMode: 'none' };
  const output = await outputOf({ Image, Entrypoint: ['ls', '/workspace'], HostConfig });
  return output.split(/\s+/).filter(Boolean);
}

beforeAll(async () => {
  setting = await createSetting(script);
  const { api } = setting;
  execution = await api.launch('claude-hitl', { prompt: 'Guard the vault' });
  const first = await api.until(execution, ofKind('request'));
  const session = String(first.payload.session);
  name = `claude-session-${session}`;
  token = tokenOf(session);
  const tokenHash = createHash('sha256').update(token).digest('hex');
  const needles = { key: backwards(testKey), token: backwards(token), path: backwards('/usr/local/bin:') };
  await write('/workspace/needles.json', JSON.stringify(needles));
  const facts = { session, container: name, request: first.payload.request, tokenHash };
  await write('/workspace/facts.json', JSON.stringify(facts));
  await write('/workspace/attack.py', attack);
  await api.answer(first.payload.request, { decision: 'allow' });
  const second = await api.until(execution, ofKind('request'), first.seq);
  request = second.payload.request;
  await write('/workspace/facts.json', JSON.stringify({ ...facts, request }));
  asTool = await attacked('tool');
});
afterAll(async () => {
  if (setting === undefined) return;
  await removeExecutions(setting.api);
  await setting.remove();
});

describe('the secrets of a session at work', () => {
  it('are in no memory, environment, argument, file or setting of its container', async () => {
    const hash = createHash('sha256').update(token).digest('hex');
    const { found, scanned } = await searchAsRoot(name, { key: testKey, token, hash, prompt: 'Guard the vault' });
    // That the search finds what is there:
    expect(found).toEqual(
      expect.arrayContaining([
        'hash: node environment',
        'prompt: node memory',
        'prompt: claude memory',
        'prompt: files',
      ]),
    );
    for (const program of ['init', 'node', 'claude', 'bridge']) {
      expect(scanned[`${program} memory`]).toBeGreaterThan(0);
      expect(scanned).toHaveProperty(`${program} environment`);
    }
    expect(found.filter((each) => each.startsWith('key:'))).toEqual([]);
    // The runner has to see the token once; nobody but the kernel and root can look there.
    const known = ['token: bridge memory', 'token: node memory'];
    expect(found.filter((each) => each.startsWith('token:') && !known.includes(each))).toEqual([]);

    const settings = JSON.stringify(await docker.getContainer(name).inspect());
    expect(settings).toContain(hash);
    expect(settings).not.toContain(token);
    expect(settings).not.toContain(testKey);
    const keys = setting.sim.requests.map(({ headers }) => headers['x-api-key']);
    expect(new Set(keys)).toEqual(new Set([testKey]));
    expect(await openRequests()).toEqual([request]);
  });
});

describe.each(['a tool of Claude', 'a program of the same user while a tool waits for a person'])('%s', (by) => {
  let result: Attacked;
  beforeAll(async () => {
    if (by === 'a tool of Claude') {
      result = asTool;
      return;
    }
    await run('python3', '/workspace/attack.py', 'program');
    result = await attacked('program');
  });

  it('finds neither key nor token in what it can read', () => {
    expect(result.found).toContain('path: environment');
    expect(result.found.filter((each) => !each.startsWith('path:'))).toEqual([]);
    expect(result.inherited).toEqual([]);
  });

  it('cannot look into the programs that hold the wire, nor write to them', () => {
    const closed = Object.entries(result.tried).filter(([what]) => !/SIGUSR1|wire bind/.test(what));
    expect(closed).toHaveLength(4 * 9);
    expect(closed.filter(([, outcome]) => !['EACCES', 'EPERM'].includes(outcome))).toEqual([]);
  });

  it('is refused on the wire without the token, whatever it says, and cannot take its place', () => {
    const refused = (reason: string) => `${JSON.stringify({ ok: false, reason })}\n`;
    expect(result.wire).toEqual({
      'no hello': refused('malformed'),
      'HTTP/2 at once': refused('malformed'),
      'wrong token': refused('token'),
      'hash as token': refused('token'),
      'no token': refused('token'),
      'other types': refused('malformed'),
      garbage: refused('malformed'),
      silence: '',
    });
    expect(result.tried['wire bind']).toBe('EADDRINUSE');
  });

  it('reaches the Messages API through the model port, and nothing else', () => {
    expect(result.model).toEqual({
      messages: '200 OK',
      'messages after the signal': '200 OK',
      'other method': '403 Forbidden',
      'other route': '403 Forbidden',
      'the stream': '403 Forbidden',
      'the stream, by dots': '403 Forbidden',
      'the stream, by more dots': '403 Forbidden',
      'the stream, by a header': '',
      'another host': '403 Forbidden',
      'a tunnel': '403 Forbidden',
    });
  });

  it('opens no inspector with a signal, and ends nothing with it', () => {
    expect(result.tried).toMatchObject({ 'node SIGUSR1': 'done' });
    expect(result.opened).toBe(false);
    expect(result.alive).toEqual(['bridge', 'claude', 'init', 'node']);
  });

  it('has answered nothing: the request is still open, and so is the wire', async () => {
    expect(await openRequests()).toEqual([request]);
    const events = await setting.api.events(execution);
    const states = events.flatMap((event) => (event.kind === 'session' ? [event.payload.state] : []));
    expect(states).toEqual(['starting', 'ready']);
    expect(await run('ls', '/workspace')).not.toContain('ran.txt');
  });
});

describe('a tool that holds 200 connections to the wire', () => {
  it('does not keep the next host out, and the person still decides', async () => {
    const { api, host } = setting;
    const crowd = await execStream({
      client: docker,
      containerId: name,
      command: [
        'python3',
        '-c',
        `
import socket, sys
held = []
for _ in range(200):
  s = socket.socket(socket.AF_UNIX)
  s.connect('\\0airlock-wire')
  held.append(s)
print('held', flush=True)
sys.stdin.read()`,
      ],
      doing: 'Test',
    });
    await new Promise((resolve) => crowd.once('data', resolve));
    const at = (await api.execution(execution)).lastSeq;
    await host.kill();
    await host.start();
    await api.until(execution, (event) => event.kind === 'session' && event.payload.state === 'attached', at);
    expect(await openRequests()).toEqual([request]);
    expect(await run('ls', '/workspace')).not.toContain('ran.txt');

    await api.answer(request, { decision: 'allow' });
    const ran = await api.until(execution, ofKind('tool_result'), at);
    expect(ran.payload).toMatchObject({ isError: false });
    const lock = await api.until(execution, ofKind('lock'), ran.seq);
    expect(await run('cat', '/workspace/ran.txt')).toBe('it ran\n');
    crowd.end();
    const events = await api.events(execution);
    const messages = events.flatMap((event) => (event.kind === 'message' ? [event.payload.text] : []));
    expect(messages).toEqual(['The vault was guarded.']);
    const answers = events.flatMap((event) => (event.kind === 'answer' ? [event.payload] : []));
    expect(answers.map(({ by, outcome }) => `${outcome} by ${by}`)).toEqual(['answered by admin', 'answered by admin']);

    await api.answer(lock.payload.request, { response: 'done' });
    await api.until(execution, (event) => event.kind === 'status' && event.payload.status === 'finished', at);
  });
});

describe('a tool that ends', () => {
  it.each([
    ['the CLI', 'claude', 'USR1'],
    ['the runner', 'node', 'USR2'],
  ])('%s answers nothing by that: the request is withdrawn, and the other tool never runs', async (...args) => {
    const [, program, signal] = args;
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: `Be ended: ${program}` });
    const asked = await api.until(id, ofKind('request'));
    const container = `claude-session-${asked.payload.session}`;
    const { Image } = await docker.getContainer(container).inspect();
    const kill = `kill -${signal} $(pgrep -f '^/app/bin/${program} ')`;
    await execText({ client: docker, containerId: container, command: ['bash', '-c', kill], doing: 'Test' });
    await api.until(id, ofKind('lock'), asked.seq);
    const late = await api.call('POST', `/requests/${asked.payload.request}/answer`, { inputs: { decision: 'allow' } });
    expect(late.status).toBeGreaterThanOrEqual(400);
    expect(await filesIn(container, Image)).toEqual([]);
  });
});
