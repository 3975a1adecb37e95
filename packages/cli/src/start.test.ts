import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { start } from './commands/start.ts';
import { appears, createClone } from './fixtures/clone.ts';
import { readHostFile } from './local/host-file.ts';
import { ensurePanel } from './local/panel.ts';

describe('start', () => {
  test('builds the panel, runs the host, and tells it once to stop', async () => {
    const clone = createClone();
    const context = clone.context();
    const code = start(context, { yes: true });
    await appears(join(clone.home, 'host.json'));
    expect(clone.read('packages/panel/dist/builds')).toBe('x');
    context.abort();
    expect(await code).toBe(0);
    expect(clone.read('home/signals')).toBe('1');
    expect(readHostFile(clone.home)).toBeUndefined();
  });

  test('passes on the exit code of the host', async () => {
    const clone = createClone();
    clone.write('home/exit-code', '7');
    const context = clone.context();
    const code = start(context, {});
    await appears(join(clone.home, 'host.json'));
    context.abort();
    expect(await code).toBe(7);
  });

  test('refuses while one is running, and says where', async () => {
    const clone = createClone();
    await clone.serve();
    const { url } = readHostFile(clone.home) ?? {};
    await expect(start(clone.context(), {})).rejects.toMatchObject({
      title: 'Airlock is already running',
      detail: expect.stringContaining(url ?? '?'),
    });
  });
});

describe('the panel', () => {
  test('is built again only when its sources changed', async () => {
    const clone = createClone();
    const { settings, terminal } = clone.context();
    clone.write('packages/panel/src/a.ts', 'one');
    await ensurePanel(settings, terminal);
    await ensurePanel(settings, terminal);
    expect(clone.read('packages/panel/dist/builds')).toBe('x');
    clone.write('packages/panel/src/a.ts', 'two');
    clone.write('packages/panel/src/a.test.ts', 'not part of it');
    await ensurePanel(settings, terminal);
    expect(clone.read('packages/panel/dist/builds')).toBe('xx');
  });

  test('that cannot be built is explained, and tried again', async () => {
    const clone = createClone();
    const { settings, terminal } = clone.context();
    clone.write('packages/panel/broken', '');
    const failure = { title: 'The panel could not be built', detail: 'no such module' };
    await expect(ensurePanel(settings, terminal)).rejects.toMatchObject(failure);
    await expect(ensurePanel(settings, terminal)).rejects.toMatchObject(failure);
  });
});
