import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appears, type Clone, createClone } from './fixtures/clone.ts';
import { ids } from './fixtures/data.ts';
import { runCommand } from './program.ts';

async function airlock(clone: Clone, line: string, behaviour = '') {
  const context = clone.context(behaviour);
  const code = await runCommand(line.split(' '), '1.2.3', context);
  return { code, output: context.output() };
}

describe('with no host', () => {
  test.each([
    ['status', 1],
    ['stop', 0],
    ['ps', 1],
    ['run hello', 1],
    [`logs ${ids.execution}`, 1],
  ])('%s says so', async (line, code) => {
    const result = await airlock(createClone(), line);
    expect(result.code).toBe(code);
    expect(result.output).toContain('Airlock is not running');
  });

  test('status --json says so', async () => {
    const { code, output } = await airlock(createClone(), 'status --json');
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ running: false, state: 'none' });
  });

  test.each([
    ['a process that ended', { pid: 2 ** 22 + 1 }],
    ['a process that is something else', { pid: process.pid }],
  ])('a host.json left by %s counts as none', async (_, { pid }) => {
    const clone = createClone();
    const file = { pid, url: 'http://127.0.0.1:9', startedAt: 'then', token: 't' };
    writeFileSync(join(clone.home, 'host.json'), JSON.stringify(file));
    expect(await airlock(clone, 'stop')).toEqual({ code: 0, output: 'Airlock is not running\n' });
  });

  test('a half written host.json counts as none', async () => {
    const clone = createClone();
    clone.write('home/host.json', '{"pid":');
    expect((await airlock(clone, 'status')).code).toBe(1);
  });

  test('stop --sessions lets the host program end them', async () => {
    const clone = createClone();
    expect((await airlock(clone, 'stop --sessions')).code).toBe(0);
    expect(clone.read('home/sessions-ended')).toBe('');
  });

  test('a .env that cannot be read is named with its line', async () => {
    const clone = createClone();
    clone.write('.env', 'A=1\nnonsense\n');
    const { code, output } = await airlock(clone, 'doctor');
    expect(code).toBe(1);
    expect(output).toContain('.env, line 2: it is not of the form NAME=value');
  });
});

describe('with a host', () => {
  test('status shows what runs', async () => {
    const clone = createClone();
    await clone.serve();
    const { code, output } = await airlock(clone, 'status');
    expect(code).toBe(0);
    expect(output).toMatch(/^url +http:/m);
    expect(output).toMatch(/^model +simulated/m);
    expect(output).toMatch(/^engine +docker 29\.0$/m);
    expect(output).toMatch(/^executions +1 starting, 0 running, 1 awaiting$/m);
  });

  test('status says why the host is not ready', async () => {
    const clone = createClone();
    await clone.serve('unready');
    const { code, output } = await airlock(clone, 'status --json');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      running: true,
      ready: false,
      problem: expect.stringContaining('image'),
    });
  });

  test('stop ends it, and a second stop finds nothing', async () => {
    const clone = createClone();
    await clone.serve();
    expect((await airlock(clone, 'stop')).output).toContain('✓ Airlock has stopped');
    expect((await airlock(clone, 'stop')).output).toBe('Airlock is not running\n');
  });

  test('stop --sessions asks the host first', async () => {
    const clone = createClone();
    await clone.serve();
    const { code, output } = await airlock(clone, 'stop --sessions --json');
    expect(code).toBe(0);
    expect(clone.read('home/posted.json')).toBe('POST /api/v1/system/stop {"sessions":true}');
    expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({ stopped: true });
  });

  test('a host that does not stop is named, with what to do', async () => {
    const clone = createClone();
    const host = await clone.serve('stubborn');
    const { stop } = await import('./commands/stop.ts');
    await expect(stop(clone.context(), { patienceMs: 1 })).rejects.toMatchObject({
      title: 'Airlock did not stop',
      fix: expect.stringContaining(`kill -9 ${host.pid}`),
    });
  });

  test('logs prints the events with control characters shown', async () => {
    const clone = createClone();
    await clone.serve();
    const { code, output } = await airlock(clone, `logs ${ids.execution}`);
    expect(code).toBe(0);
    expect(output.trim().split('\n')).toEqual([
      '03:04:05 session     ready',
      '03:04:05 prompt      Say hello',
      '03:04:05 message     He␛[31mllo',
      '03:04:05 status      finished',
    ]);
  });

  test('logs --follow takes up a broken stream without loss or repeats', async () => {
    const clone = createClone();
    await clone.serve();
    const { output } = await airlock(clone, `logs ${ids.execution} --follow --json`);
    const seqs = output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(seqs).toEqual([1, 2, 3, 4]);
  });

  test('an error of the host is shown as it says it', async () => {
    const clone = createClone();
    await clone.serve();
    const { code, output } = await airlock(clone, 'run nothing --json');
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ error: { code: 'not_found', detail: 'the detail' } });
  });

  test('run sends values in the types the form wants', async () => {
    const clone = createClone();
    await clone.serve();
    const { code, output } = await airlock(clone, 'run hello --field who=a=b --field times=2 --field loud=yes');
    expect({ code, output }).toEqual({ code: 0, output: `${ids.execution}\n` });
    expect(clone.read('home/posted.json')).toBe(
      'POST /api/v1/services/hello/executions {"inputs":{"who":"a=b","times":2,"loud":true}}',
    );
  });

  test('run sends a launch again whose answer was lost, under the same key', async () => {
    const clone = createClone();
    await clone.serve('breaks');
    const { code, output } = await airlock(clone, 'run hello --field who=x --field times=2');
    expect(output).toBe(`${ids.execution}\n`);
    expect(code).toBe(0);
    const keys = clone.read('home/keys').trim().split('\n');
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
    await airlock(clone, 'run hello --field who=x --field times=2 --idempotency-key mine');
    expect(clone.read('home/keys').trim().split('\n').at(-1)).toBe('mine');
  });

  test('run refuses a field the form does not have', async () => {
    const clone = createClone();
    await clone.serve();
    const { code, output } = await airlock(clone, 'run hello --field what=1');
    expect(code).toBe(2);
    expect(output).toContain('Use one of its fields: who, times, loud');
  });

  test('answer allows a tool', async () => {
    const clone = createClone();
    await clone.serve();
    expect((await airlock(clone, `answer ${ids.request}`)).code).toBe(2);
    expect((await airlock(clone, `answer ${ids.request} --allow`)).code).toBe(0);
    expect(clone.read('home/posted.json')).toContain('{"inputs":{"decision":"allow"}}');
    await airlock(clone, `answer ${ids.request} --allow --always`);
    expect(clone.read('home/posted.json')).toContain('{"inputs":{"decision":"allow","remember":true}}');
    await airlock(clone, `answer ${ids.request} --allow --input {"command":"pwd"}`);
    expect(clone.read('home/posted.json')).toContain('{"decision":"allow","updatedInput":{"command":"pwd"}}');
    await airlock(clone, `answer ${ids.request} --deny --stop --message No`);
    expect(clone.read('home/posted.json')).toContain('{"decision":"deny","interrupt":true,"message":"No"}');
    expect((await airlock(clone, `answer ${ids.request} --allow --input ls`)).code).toBe(2);
  });

  test('assign hands a request on to a user or to a role', async () => {
    const clone = createClone();
    await clone.serve();
    expect((await airlock(clone, `assign ${ids.request}`)).code).toBe(2);
    expect((await airlock(clone, `assign ${ids.request} --user a --role member`)).code).toBe(2);
    const handed = await airlock(clone, `assign ${ids.request} --user bob --note Please`);
    expect(handed).toEqual({ code: 0, output: '✓ Handed on to bob\n' });
    expect(clone.read('home/posted.json')).toBe(
      `POST /api/v1/requests/${ids.request}/assign {"to":{"user":"bob"},"note":"Please"}`,
    );
  });

  test('deploy says what became of each service, and fails when one is refused', async () => {
    const clone = createClone();
    await clone.serve();
    const { code, output } = await airlock(clone, 'deploy');
    expect(code).toBe(1);
    expect(output).toMatch(/^… Deploying all services\n✓ Done \(\d+ s\)\n/);
    expect(output.split('\n').slice(2)).toEqual([
      '✗ hello: refused, 1.0.0 (aaaaaaaaaaaa) serves on',
      '  An open execution could not go on with it',
      `  execution ${ids.execution}, request ${ids.request}`,
      '    it asks ␛[2Jfor something else',
      '  1 open execution keeps its version; --move moves those that wait',
      '✓ other: 2.0.0 (cccccccccccc)',
      '  3 open executions go on with it',
      '',
    ]);
    expect(clone.read('home/posted.json')).toBe('POST /api/v1/services/deploy {"move":false}');
    await airlock(clone, 'deploy hello --move --json');
    expect(clone.read('home/posted.json')).toBe('POST /api/v1/services/deploy {"service":"hello","move":true}');
  });

  test('services and ps list them', async () => {
    const clone = createClone();
    await clone.serve();
    expect((await airlock(clone, 'services')).output).toBe(
      'hello  1.0.0  aaaaaaaaaaaa  Says hello\nhello 0.9.0 (bbbbbbbbbbbb) still has 2 open executions\n',
    );
    expect((await airlock(clone, 'ps')).output).toContain(`${ids.execution}  awaiting  hello`);
    expect((await airlock(clone, 'ps')).output).toContain('Waits for an answer: reply');
    expect((await airlock(clone, 'ps')).output).toContain('who: ␛[2Jyou');
  });
});

describe('cache', () => {
  test('ls lists what is filled, made harmless', async () => {
    const clone = createClone();
    await clone.serve();
    expect((await airlock(clone, 'cache ls')).output).toBe(
      '0123456789abcdef  hello/wheels  5 MiB  used 2026-01-03T03:04:05.000Z  pip download ␛[31mrequests\n',
    );
    expect(JSON.parse((await airlock(clone, 'cache ls --json')).output)).toMatchObject({ items: [{ name: 'wheels' }] });
  });

  test('rm removes one, and says when there is none', async () => {
    const clone = createClone();
    await clone.serve();
    expect(await airlock(clone, 'cache rm 0123456789abcdef')).toEqual({
      code: 0,
      output: expect.stringMatching(/^✓ Removed/),
    });
    expect(clone.read('home/posted.json')).toBe('DELETE /api/v1/caches/0123456789abcdef ');
    expect((await airlock(clone, 'cache rm fedcba9876543210')).code).toBe(1);
    expect((await airlock(clone, 'cache')).code).toBe(2);
  });

  test('ls says that there are none', async () => {
    const clone = createClone();
    await clone.serve('empty');
    expect((await airlock(clone, 'cache ls')).output).toBe('There are no caches\n');
  });
});

describe('doctor', () => {
  test('shows each check and what to do', async () => {
    const { code, output } = await airlock(createClone(), 'doctor', 'no engine');
    expect(code).toBe(1);
    expect(output).toBe('✓ node — 24\n! key — no ␛[31mkey\n  → set it\n✗ engine — docker\n  → install it\n');
  });

  test('a warning is no failure', async () => {
    const { code, output } = await airlock(createClone(), 'doctor --json');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toHaveProperty('checks.length', 3);
  });
});

describe('backup and restore', () => {
  test('are done by the host program, with the file as it is seen from here', async () => {
    const clone = createClone();
    expect((await airlock(clone, 'backup a/b.backup')).code).toBe(0);
    expect(JSON.parse(clone.read('home/backup-asked'))).toEqual(['backup', resolve('a/b.backup')]);
    expect((await airlock(clone, 'restore /x.backup --force --json')).code).toBe(0);
    expect(JSON.parse(clone.read('home/backup-asked'))).toEqual(['restore', '/x.backup', '--force', '--json']);
  });

  test('pass on the exit code', async () => {
    const clone = createClone();
    clone.write('home/exit-code', '1');
    expect((await airlock(clone, 'restore x')).code).toBe(1);
  });

  test('tell the host program to stop, and wait for it', async () => {
    const clone = createClone();
    const context = clone.context('slow');
    const code = runCommand(['backup', 'x'], '1.2.3', context);
    await appears(join(clone.home, 'backup-asked'));
    context.abort();
    expect(await code).toBe(1);
  });
});

describe('usage', () => {
  test.each([
    ['frobnicate'],
    ['run'],
    ['backup'],
    ['restore a b'],
    ['logs --lines 0'],
    ['ps --limit x'],
    ['status --frob'],
  ])('%s is bad', async (line) => {
    expect((await airlock(createClone(), line)).code).toBe(2);
  });

  test.each([['--help'], ['start --help'], ['--version']])('%s is fine', async (line) => {
    expect((await airlock(createClone(), line)).code).toBe(0);
  });
});
