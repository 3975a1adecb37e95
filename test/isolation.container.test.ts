import { join } from 'node:path';
import { readConfig } from '@airlock/host/config';
import { createEngineClient, type EngineClient } from '@airlock/host/engine/engine-client';
import { engineSearchError, findEngine } from '@airlock/host/engine/find-engine';
import { ensureImage } from '@airlock/host/images/ensure-image';
import { execText } from '@airlock/host/placement/exec';
import { createLocalPlacement } from '@airlock/host/placement/local';
import type { PlacedContainer, Placement } from '@airlock/host/placement/placement';
import { idSchema } from '@airlock/protocol/ids';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';

const root = join(import.meta.dirname, '..');
const GiB = 1024 ** 3;

let client: EngineClient;
let placement: Placement;
let container: PlacedContainer;

beforeAll(async () => {
  const { env, userHome, home } = readConfig(root);
  const uid = process.getuid?.();
  const search = await findEngine({ env, platform: process.platform, userHome, uid });
  if (search.kind !== 'found') throw engineSearchError(search);
  client = createEngineClient(search.address);
  const image = await ensureImage({
    client,
    engine: search.info,
    root,
    cacheFolder: join(home, 'cache'),
    logFolder: join(home, 'logs'),
    env,
    platform: process.platform,
    hostArch: process.arch,
    uid,
    onProgress: () => {},
  });
  placement = createLocalPlacement({ client, home: `test-${process.pid}` });
  container = await placement.start({
    image: image.reference,
    session: { session: idSchema.parse(v7()), tokenHash: 'a'.repeat(64), orphanMs: 600_000 },
    memoryBytes: GiB,
    cpus: 1,
    workspaceBytes: GiB,
  });
}, 900_000);

afterAll(async () => {
  await placement.remove(container.id);
  await placement.removeWorkspace(container.session);
});

/** Runs Python as a tool of the agent would: same container, same user. */
async function inside<T>(schema: z.ZodType<T>, script: string): Promise<T> {
  const command = ['python3', '-c', `import json, os\n${script}\nprint(json.dumps(result))`];
  return schema.parse(JSON.parse(await execText({ client, containerId: container.id, command, doing: 'Tool' })));
}

const strings = z.array(z.string());
const record = z.record(z.string(), z.string());

/** What comes of trying each expression: `done`, or the name of the error. */
async function attempts(expressions: Record<string, string>): Promise<Record<string, string>> {
  const script = `
import errno, signal, socket
def attempt(code):
  try:
    exec(code)
    return 'done'
  except OSError as e:
    return errno.errorcode[e.errno]
result = {name: attempt(code) for name, code in json.loads(${JSON.stringify(JSON.stringify(expressions))}).items()}`;
  return await inside(record, script);
}

const outcomes = (names: Iterable<string>, outcome: string): Record<string, string> =>
  Object.fromEntries([...names].map((name) => [name, outcome]));

describe('a process in the container', () => {
  it('sees no network but its own loopback', async () => {
    expect(await inside(strings, 'result = os.listdir("/sys/class/net")')).toEqual(['lo']);
    const reached = await attempts({
      internet: 'socket.create_connection(("1.1.1.1", 443), 2)',
      metadata: 'socket.create_connection(("169.254.169.254", 80), 2)',
    });
    expect(reached).toEqual(outcomes(['internet', 'metadata'], 'ENETUNREACH'));
  });

  it('has no capabilities, gains none, and is under seccomp', async () => {
    const status = await inside(
      record,
      'result = dict(l.rstrip().split(":\\t", 1) for l in open("/proc/self/status") if ":\\t" in l)',
    );
    expect(status).toMatchObject({
      CapEff: '0000000000000000',
      CapPrm: '0000000000000000',
      CapBnd: '0000000000000000',
      CapInh: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
      Uid: '1000\t1000\t1000\t1000',
      Gid: '1000\t1000\t1000\t1000',
    });
  });

  it('writes to its workspace, /tmp and the state folders, and nowhere else', async () => {
    const writes = (path: string): string => `open(${JSON.stringify(path)}, "w")`;
    const home = '/app/template_user/.claude';
    const states = ['projects', 'session-env', 'plugins/data'].map((folder) => `${home}/${folder}/x`);
    const allowed = ['/workspace/x', '/tmp/x', ...states];
    const refused = [
      '/x',
      '/app/x',
      '/app/template_user/x',
      '/app/template_user/.claude.json',
      `${home}/settings.json`,
      `${home}/settings.local.json`,
      `${home}/CLAUDE.md`,
      `${home}/commands/x.md`,
      `${home}/plugins/installed_plugins.json`,
      `${home}/agents`,
      '/app/plugins/keep-workspace/hooks/no-wipe.sh',
      '/app/project/.claude/settings.json',
      '/app/project/CLAUDE.md',
      '/app/cache/x',
      '/app/runner/main.mjs',
      '/app/bin/bash',
      '/usr/local/bin/x',
    ];
    const paths = [...allowed, ...refused];
    const done = await attempts(Object.fromEntries(paths.map((path) => [path, writes(path)])));
    expect(done).toEqual({ ...outcomes(allowed, 'done'), ...outcomes(refused, 'EROFS') });
  });

  it('cannot change the configuration by moving or mounting folders', async () => {
    const tried = await attempts({
      rename: 'os.rename("/app/template_user/.claude", "/app/template_user/old")',
      link: 'os.symlink("/tmp", "/app/template_user/.claude/agents")',
      chmod: 'os.chmod("/app/template_user/.claude/settings.json", 0o777)',
      unshare:
        'os.unshare(os.CLONE_NEWUSER) if hasattr(os, "unshare") else (_ for _ in ()).throw(PermissionError(1, ""))',
    });
    expect(tried).toEqual({ ...outcomes(['rename', 'link', 'chmod'], 'EROFS'), unshare: 'EPERM' });
  });

  it('has its limits in force, on cgroup 1 as on 2', async () => {
    const limits = await inside(
      z.object({
        memory: z.string(),
        pids: z.string(),
        cpu: z.string(),
        swap: z.string(),
        core: z.number(),
        fsize: z.number(),
      }),
      `
import resource
def first(*paths):
  for path in paths:
    try: return open('/sys/fs/cgroup/' + path).read().strip()
    except FileNotFoundError: pass
  return ''
quota = first('cpu.max') or first('cpu/cpu.cfs_quota_us') + ' ' + first('cpu/cpu.cfs_period_us')
result = dict(memory=first('memory.max', 'memory/memory.limit_in_bytes'), pids=first('pids.max', 'pids/pids.max'), cpu=quota,
  swap=first('memory.swap.max', 'memory/memory.memsw.limit_in_bytes'),
  core=resource.getrlimit(resource.RLIMIT_CORE)[1], fsize=resource.getrlimit(resource.RLIMIT_FSIZE)[1])`,
    );
    expect(limits).toMatchObject({ memory: String(GiB), pids: '512', cpu: '100000 100000', core: 0, fsize: GiB });
    // Version 1 counts memory and swap together, version 2 swap alone; without swap accounting there is neither.
    expect(['0', String(GiB), '']).toContain(limits.swap);
  });

  it('cannot look into the init process, the runner or the bridge', async () => {
    const wire = await placement.bridge(container.id);
    wire.on('error', () => {});
    const programs = z.object({ init: z.number(), node: z.number(), bridge: z.number() });
    const pids = await inside(
      programs,
      `
import time
result, until = {}, time.monotonic() + 10
# The engine has started the bridge; when its program takes over is the engine's business.
while 'bridge' not in result and time.monotonic() < until:
  for pid in filter(str.isdigit, os.listdir('/proc')):
    try: result[open('/proc/' + pid + '/comm').read().strip()] = int(pid)
    except OSError: pass
result = dict(init=result['init'], node=result.get('node') or result.get('MainThread'), bridge=result['bridge'])`,
    );
    const looks: Record<string, string> = {};
    for (const [name, pid] of Object.entries(pids)) {
      looks[`${name} environ`] = `open("/proc/${pid}/environ").read()`;
      looks[`${name} mem`] = `open("/proc/${pid}/mem", "r+b")`;
      looks[`${name} fd`] = `os.listdir("/proc/${pid}/fd")`;
      looks[`${name} stdout`] = `open("/proc/${pid}/fd/1", "w")`;
      looks[`${name} cwd`] = `os.listdir("/proc/${pid}/cwd")`;
    }
    expect(await attempts(looks)).toEqual(outcomes(Object.keys(looks), 'EACCES'));
    wire.destroy();
  });

  it('cannot read the programs that are closed to it, and can run node', async () => {
    const programs = ['init', 'node', 'claude', 'bridge'];
    const read = await attempts(Object.fromEntries(programs.map((name) => [name, `open("/app/bin/${name}", "rb")`])));
    expect(read).toEqual(outcomes(programs, 'EACCES'));
    const version = await execText({
      client,
      containerId: container.id,
      command: ['node', '-p', '6*7'],
      doing: 'Tool',
    });
    expect(version.trim()).toBe('42');
  });

  it('cannot open an inspector in the runner', async () => {
    const signals = await inside(
      z.object({ caught: z.number(), listening: z.array(z.string()) }),
      `
pid = next(p for p in os.listdir('/proc') if p.isdigit() and b'main.mjs' in open('/proc/' + p + '/cmdline', 'rb').read() and p != '1')
status = dict(l.rstrip().split(':\\t', 1) for l in open('/proc/' + pid + '/status') if ':\\t' in l)
import signal
bit = 1 << (signal.SIGUSR1 - 1)
caught = 1 if int(status['SigCgt'], 16) & bit else 0
os.kill(int(pid), signal.SIGUSR1)
result = dict(caught=caught, listening=[l.split()[1] for l in open('/proc/net/tcp') if ':240D ' in l])`,
    );
    expect(signals).toEqual({ caught: 0, listening: [] });
  });
});
