import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalPlacement } from '@airlock/host/placement/local';
import { WorkspaceArchive } from '@airlock/host/workspaces/archive';
import { takeMoment } from '@airlock/host/workspaces/take';
import type { Workspace, WorkspaceChanges } from '@airlock/protocol/files/workspace';
import axe from 'axe-core';
import Docker from 'dockerode';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, runIn, untilRemoved } from './harness/containers.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* What people see of a workspace: now, after each turn, and when the container is gone. */

const bash = (command: string) => `{ tool_use: { name: Bash, input: { command: ${JSON.stringify(command)} } } }`;
const hostile = [
  'mkdir -p src/deep .git',
  "printf 'one\\ntwo\\n' > src/a.txt",
  'printf secret > .git/inside',
  "printf 'raw' > $'bad\\xff\\nname'",
  'ln -s /etc/passwd src/out-link',
  'ln src/a.txt src/hard',
  'mkfifo pipe',
  'python3 -c \'import socket; socket.socket(socket.AF_UNIX).bind("sock")\'',
  "printf '\\0\\1' > src/deep/binary",
  'head -c 3000000 /dev/zero > large.bin',
  "printf 'gone' > old.txt",
].join(' && ');
const script = `
scenarios:
  - when: { contains: first work }
    steps:
      - blocks: [${bash(hostile)}]
      - say: Made.
  - when: { contains: second work }
    steps:
      - blocks: [${bash("printf 'one\\nTWO\\n' > src/a.txt && rm old.txt && echo new > 'src/new <b>.md' && chmod +x src/deep/binary")}]
      - say: Changed.
  - when: { contains: nothing }
    steps: [{ say: I did nothing. }]
`;

let setting: Setting;
let browser: Browser;
let id: string;
let session: string;
let seq: number;

const get = async <T>(path: string) => {
  const { status, body } = await setting.api.call('GET', `/executions/${id}${path}`);
  expect(body.error).toBeUndefined();
  expect(status).toBe(200);
  return body as unknown as T;
};
const tree = (query = '') => get<Workspace>(`/files/workspace${query}`);
const changes = (query = '') => get<WorkspaceChanges>(`/workspace/changes${query}`);
const bytes = async (path: string, headers = {}) => {
  const address = `${setting.host.url}/api/v1/executions/${id}/files/workspace/${path}`;
  return await fetch(address, { headers: { authorization: `Bearer ${setting.host.token}`, ...headers } });
};

let lock: string;

async function say(text: string): Promise<void> {
  await setting.api.answer(lock, { response: text });
  await allow();
}

/** Allows every tool until the next lock is open. */
async function allow(): Promise<void> {
  for (;;) {
    const event = await setting.api.until(id, ({ kind }) => kind === 'lock' || kind === 'request', seq);
    seq = event.seq;
    if (event.kind === 'lock') {
      lock = event.payload.request;
      return;
    }
    if (event.kind === 'request') await setting.api.answer(event.payload.request, { decision: 'allow' });
  }
}

async function openPanel(): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  await signIn(page, setting.host);
  await page.getByTestId('service-card-claude-hitl').waitFor();
  return page;
}

async function violations(page: Page): Promise<string[]> {
  // Colours on their way to others are neither; those that have just changed set out with the next frame.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await page.evaluate('Promise.all(document.getAnimations().map((each) => each.finished))');
  await page.evaluate(axe.source);
  return await page.evaluate<string[]>(
    'axe.run("main").then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join()))',
  );
}

beforeAll(async () => {
  browser = await launchBrowser();
  setting = await createSetting(script);
  id = await setting.api.launch('claude-hitl', { prompt: 'Do the first work' });
  seq = 0;
  await allow();
  session = (await setting.api.until(id, ofKind('session'))).payload.session;
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
});

const named = ({ items }: Workspace) => items.map(({ path, kind, change }) => [path, kind, change ?? '']);
const listed = ({ items }: WorkspaceChanges) => items.map(({ path, change }) => [path, change]);

describe('the workspace of a session', () => {
  it('is listed as what it is, hostile names and links included', async () => {
    expect(named(await tree())).toEqual([
      ['.git', 'folder', ''],
      ['src', 'folder', 'added'],
      ['bad\\xff\\x0aname', 'file', 'added'],
      ['large.bin', 'file', 'added'],
      ['old.txt', 'file', 'added'],
      ['pipe', 'pipe', 'added'],
      ['sock', 'socket', 'added'],
    ]);
    const src = await tree('?folder=src');
    expect(src.items).toMatchObject([
      { path: 'src/deep', kind: 'folder', change: 'added' },
      { path: 'src/a.txt', kind: 'file', size: 8, links: 2 },
      { path: 'src/hard', kind: 'file', links: 2 },
      { path: 'src/out-link', kind: 'link', size: 0, target: '/etc/passwd' },
    ]);
    const page = await tree('?folder=src&limit=2&cursor=1');
    expect(page.items.map(({ path }) => path)).toEqual(['src/a.txt', 'src/hard']);
    expect(page.next).toBe('3');
  });

  it('gives plain files alone, by whatever name, in ranges too', async () => {
    const { items } = await tree();
    const bad = items.find(({ path }) => path.startsWith('bad'))?.address ?? '';
    expect(await (await bytes(bad)).text()).toBe('raw');
    const file = await bytes('src/a.txt');
    expect(await file.text()).toBe('one\ntwo\n');
    expect(file.headers.get('content-disposition')).toContain('attachment');
    expect(file.headers.get('content-security-policy')).toContain('sandbox');
    expect((await bytes('src/a.txt', { range: 'bytes=4-6' })).status).toBe(206);
    expect(await (await bytes('src/a.txt', { range: 'bytes=4-6' })).text()).toBe('two');
    // Too large to be kept: it comes out of the container.
    expect((await (await bytes('large.bin')).arrayBuffer()).byteLength).toBe(3_000_000);
    const part = await bytes('large.bin', { range: 'bytes=2999990-' });
    expect((await part.arrayBuffer()).byteLength).toBe(10);
    for (const path of ['src/out-link', 'src', 'pipe', 'sock', '.git/inside', 'src/out-link/x', '..%2fx', 'none'])
      expect([path, (await bytes(path)).status]).toEqual([path, 404]);
  });

  it('shows what the last turn changed, and what changed since the start', async () => {
    await say('Do the second work');
    await say('Do nothing');
    await say('Do nothing');
    const { turns } = await tree('?at=2');
    expect(turns.map(({ turn }) => turn)).toEqual([1, 2, 3, 4]);
    const last = await changes('?from=1&to=2&diffs=true');
    expect(listed(last)).toEqual([
      ['old.txt', 'removed'],
      ['src/a.txt', 'changed'],
      ['src/deep/binary', 'changed'],
      ['src/hard', 'changed'],
      ['src/new <b>.md', 'added'],
    ]);
    expect(last.items[1]?.diff).toBe('@@ -1,2 +1,2 @@\n one\n-two\n+TWO');
    expect(last.items[2]?.noDiff).toBe('binary');
    expect(listed(await changes('?from=2&to=now'))).toEqual([]);
    const all = await changes();
    expect(listed(all)).toContainEqual(['src/new <b>.md', 'added']);
    expect(listed(all)).not.toContainEqual(['old.txt', 'removed']);
    expect(await (await bytes('old.txt?at=1')).text()).toBe('gone');
    expect((await bytes('large.bin?at=1')).status).toBe(404);
    expect((await setting.api.call('GET', `/executions/${id}/workspace/changes?from=99`)).status).toBe(404);
    expect((await setting.api.call('GET', `/executions/${id}/workspace/changes?from=-1`)).status).toBe(400);
  });

  it('is looked at in the panel: what changed, how, and what is there', async () => {
    const page = await openPanel();
    await page.goto(`${setting.host.url}/executions/${id}`);
    await page.getByTestId('tab-workspace').click();
    const differing = page.getByTestId('workspace-changes');
    await differing.getByText('9 files').waitFor();
    await page.getByTestId('filter-turn').click();
    await differing.getByText('No changes').waitFor();
    await page.getByTestId('filter-all').click();
    await differing.getByText('src/a.txt').click();
    await differing.getByTestId('diff').locator('[data-kind=added]').getByText('TWO').waitFor();
    // A name that would break the line is shown as what it is.
    await differing.getByText('bad\\xff\\x0aname').waitFor();
    const there = page.getByTestId('workspace-files');
    await there.getByText('src/', { exact: true }).click();
    await there.getByText('/etc/passwd').waitFor();
    await there.getByText('new <b>.md').click();
    await there.locator('pre').getByText('new').waitFor();
    await there.getByText('large.bin').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 780 });
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(await violations(page)).toEqual([]);
    const downloading = page.waitForEvent('download');
    await differing.getByText('Download as patch').click();
    expect((await downloading).suggestedFilename()).toBe('claude-hitl.patch');
    await page.context().close();
  });

  it('leaves as a patch that git applies', async () => {
    const address = `${setting.host.url}/api/v1/executions/${id}/workspace/changes?from=1&to=2&as=patch`;
    const patch = await (await fetch(address, { headers: { authorization: `Bearer ${setting.host.token}` } })).text();
    const folder = mkdtempSync(join(tmpdir(), 'airlock-patch-'));
    try {
      writeFileSync(join(folder, 'old.txt'), 'gone');
      mkdirSync(join(folder, 'src'));
      for (const name of ['a.txt', 'hard']) writeFileSync(join(folder, 'src', name), 'one\ntwo\n');
      execFileSync('git', ['apply', '-'], { cwd: folder, input: patch });
      expect(readFileSync(join(folder, 'src/a.txt'), 'utf8')).toBe('one\nTWO\n');
      expect(readFileSync(join(folder, 'src/new <b>.md'), 'utf8')).toBe('new\n');
      expect(existsSync(join(folder, 'old.txt'))).toBe(false);
      expect(patch).toContain('# Left out: "src/deep/binary" (binary)');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is there when the container is gone, with everything in one archive', async () => {
    await setting.api.answer(lock, { response: 'done' });
    await untilRemoved(session);
    expect(named(await tree())).toContainEqual(['large.bin', 'file', 'added']);
    expect((await (await bytes('large.bin')).arrayBuffer()).byteLength).toBe(3_000_000);
    const zip = await fetch(`${setting.host.url}/api/v1/executions/${id}/files/workspace?as=zip`, {
      headers: { authorization: `Bearer ${setting.host.token}` },
    });
    const folder = mkdtempSync(join(tmpdir(), 'airlock-zip-'));
    try {
      writeFileSync(join(folder, 'all.zip'), Buffer.from(await zip.arrayBuffer()));
      const names = execFileSync('python3', ['-m', 'zipfile', '-l', join(folder, 'all.zip')], { encoding: 'utf8' });
      for (const name of ['src/a.txt', 'src/hard', 'large.bin', 'bad']) expect(names).toContain(name);
      for (const name of ['out-link', 'pipe', 'sock', '.git']) expect(names).not.toContain(name);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const readers = await new Docker().listContainers({
      all: true,
      filters: { label: [`airlock.session=${session}`] },
    });
    expect(readers).toEqual([]);
  });
});

describe('a large workspace', () => {
  it('is looked at after a turn in little time, and never past a limit', async () => {
    id = await setting.api.launch('claude-hitl', { prompt: 'Do nothing' });
    seq = 0;
    await allow();
    const large = (await setting.api.until(id, ofKind('session'))).payload.session;
    await runIn(
      large,
      'mkdir d && for n in $(seq 1024); do head -c 1M /dev/urandom > d/$n; head -c 1K /dev/urandom > d/s$n; done',
    );
    const { Id } = await containerOf(large).inspect();
    const folder = mkdtempSync(join(tmpdir(), 'airlock-moments-'));
    try {
      const archive = new WorkspaceArchive(folder);
      const placement = createLocalPlacement({ client: new Docker(), home: 'test' });
      const take = async () => {
        const began = performance.now();
        await takeMoment({ archive, placement, container: Id, note: (index) => index });
        return performance.now() - began;
      };
      const first = await take();
      await runIn(large, 'for n in $(seq 10); do echo changed > d/s$n; done');
      const times = [await take()];
      expect((await archive.index()).newest).toBe(2);
      for (let n = 0; n < 4; n += 1) {
        await runIn(large, `for n in $(seq 10); do echo changed ${n} > d/s$n; done`);
        times.push(await take());
      }
      process.stdout.write(`first ${Math.round(first)} ms, then ${times.map(Math.round).join(', ')} ms\n`);
      expect(Math.min(...times)).toBeLessThan(300);

      await runIn(large, 'rm -r d; mkdir m; cd m; python3 -c "for n in range(60000): open(str(n), \'w\')"');
      await take();
      const { isCut, entries } = await archive.manifest((await archive.index()).newest);
      expect(isCut).toBe(true);
      expect(entries).toHaveLength(50_000);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
