import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHome } from './fixtures/home.ts';
import { behindGate, createGate } from './gate.ts';

const never = new AbortController().signal;

describe('a gate', () => {
  it('lets many pass at once, and closes behind the last of them', async () => {
    const gate = createGate(createHome().home);
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const order: string[] = [];
    const passing = ['a', 'b'].map((name) =>
      gate.pass(async () => {
        order.push(`${name} in`);
        await held;
        order.push(`${name} out`);
      }),
    );
    const closing = gate.close(never).then((open) => {
      order.push('closed');
      return open;
    });
    letGo();
    await Promise.all(passing);
    const open = await closing;
    expect(order).toEqual(['a in', 'b in', 'a out', 'b out', 'closed']);
    const late = gate.pass(async () => void order.push('late'));
    order.push('open');
    open();
    await late;
    expect(order.slice(-2)).toEqual(['open', 'late']);
  });

  it('opens when the work fails, and gives its error and its result on', async () => {
    const gate = createGate(createHome().home);
    await expect(gate.pass(() => Promise.reject(new RangeError('no')))).rejects.toThrow(RangeError);
    (await gate.close(never))();
    expect(await gate.pass(async () => 7)).toBe(7);
  });

  it('turns those away who wait when the host stops', async () => {
    const { home } = createHome();
    const gate = createGate(home);
    const open = await createGate(home).close(never);
    const waiting = gate.pass(async () => expect.unreachable('it was closed'));
    gate.giveUp();
    await expect(waiting).rejects.toMatchObject({ code: 'host_stopping' });
    open();
  });

  it('is not waited for by somebody who was told to stop', async () => {
    const gate = createGate(createHome().home);
    const controller = new AbortController();
    await gate.pass(async () => {
      const closing = gate.close(controller.signal);
      controller.abort(new RangeError('enough'));
      await expect(closing).rejects.toThrow(RangeError);
    });
  });

  it('opens by itself when the one who closed it is killed', async () => {
    const { home } = createHome();
    const text = `
      const { DatabaseSync } = require('node:sqlite');
      new DatabaseSync(${JSON.stringify(join(home, 'gate.lock'))}).exec('BEGIN EXCLUSIVE');
      process.stdout.write('closed');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    let passed = false;
    const passing = createGate(home).pass(async () => {
      passed = true;
    });
    expect(passed).toBe(false);
    child.kill('SIGKILL');
    await passing;
    expect(passed).toBe(true);
  });

  it('is passed to start a container and to remove a workspace, and for nothing else', async () => {
    const asked: string[] = [];
    const gate = {
      pass: <T>(work: () => Promise<T>) => {
        asked.push('gate');
        return work();
      },
    };
    const note = (name: string) => async () => void asked.push(name);
    const names = [
      'start',
      'settle',
      'bridge',
      'inspect',
      'waitExit',
      'lastWords',
      'workspaceBytes',
      'remove',
      'removeWorkspace',
      'list',
    ];
    const placement = Object.fromEntries(names.map((name) => [name, note(name)]));
    const guarded = behindGate(placement as never, gate);
    for (const call of Object.values(guarded)) await (call as () => Promise<unknown>)();
    expect(asked).toEqual(names.flatMap((name) => (/^start|Workspace$/.test(name) ? ['gate', name] : [name])));
  });
});
