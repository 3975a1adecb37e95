import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createUploads } from '@airlock/host/files/uploads';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runIn } from './harness/containers.ts';
import { createNetProxy, type NetProxy } from './harness/net-proxy.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { mountTmpfs } from './harness/tmpfs.ts';
import { launchBrowser } from './setup/browser.ts';

/* Files on their way from a browser through the host into a session's container, and back. */

const script = `
scenarios:
  - when: { contains: look at it }
    steps: [{ say: I see it. }]
  - when: { contains: write two }
    steps:
      - blocks:
          - tool_use: { name: Write, input: { file_path: /workspace/out/report.md, content: "# Ready\\n<b>not bold</b>" } }
          - tool_use: { name: Write, input: { file_path: "/workspace/out/deep/a b.csv", content: "1,2" } }
      - say: Both are there.
  - when: { contains: change one }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "echo changed > /workspace/out/report.md; ln -s /etc/passwd /workspace/out/link; mkfifo /workspace/out/pipe; touch '/workspace/out/ -rf'" } } }]
      - say: Changed.
`;

const mebibyte = 1024 ** 2;
let setting: Setting;
let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-story-files-'));
  setting = await createSetting(script);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Bytes nobody has seen before, the same each time. */
function largeFile(name: string, bytes: number): { path: string; sha256: string } {
  const path = join(folder, name);
  const block = Buffer.alloc(mebibyte);
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += mebibyte) {
    for (let word = 0; word < mebibyte; word += 4) block.writeUInt32LE(((at + word) * 2_654_435_761) % 2 ** 32, word);
    hash.update(block);
    writeFileSync(path, block, { flag: at === 0 ? 'w' : 'a' });
  }
  return { path, sha256: hash.digest('hex') };
}

async function openPanel(at: { url: string }): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  await signIn(page, at);
  await page.getByTestId('service-card-claude-hitl').waitFor();
  return page;
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate<string[]>(
    'axe.run("main").then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join()))',
  );
}

const sessionOf = async (id: string) => (await setting.api.until(id, ofKind('session'))).payload.session;

describe('a file of 200 MB', () => {
  let proxy: NetProxy;
  let page: Page;
  beforeAll(async () => {
    proxy = await createNetProxy(setting.host.url);
    page = await openPanel(proxy);
  });
  afterAll(async () => {
    await page?.context().close();
    await proxy?.close();
  });

  it('arrives unchanged in the container, although the network is cut in the middle', async () => {
    const { path, sha256 } = largeFile('large file.bin', 200 * mebibyte);
    await page.goto(`${proxy.url}/services/claude-hitl`);
    await page.getByTestId('field-prompt').fill('Please look at it');
    const half = proxy.passed(90 * mebibyte);
    await page.getByTestId('field-files').setInputFiles(path);
    await half;
    proxy.cut();
    const folderOfUploads = join(setting.host.home, 'uploads');
    const arrived = () => readdirSync(folderOfUploads).filter((name) => !name.includes('.'));
    const [upload = ''] = arrived();
    const before = statSync(join(folderOfUploads, upload)).size;
    expect(before).toBeGreaterThan(50 * mebibyte);
    expect(before).toBeLessThan(200 * mebibyte);

    await page.getByTestId('form-submit').click();
    await page.getByText('has not arrived yet').waitFor();
    expect(await violations(page)).toEqual([]);
    proxy.mend();
    await page.getByTestId('files-files').getByRole('progressbar').waitFor({ state: 'detached', timeout: 60_000 });
    expect(arrived()).toEqual([upload]);

    await page.getByTestId('form-submit').click();
    await page.waitForURL(/executions\/.+/);
    const id = page.url().split('/').at(-1) ?? '';
    await setting.api.until(id, ofKind('lock'));
    const session = await sessionOf(id);
    expect(await runIn(session, "sha256sum '/workspace/in/large file.bin'")).toMatch(new RegExp(`^${sha256} `));
    const { inputs } = await setting.api.execution(id);
    expect(inputs.files).toMatchObject([{ name: 'large file.bin', size: 200 * mebibyte, sha256 }]);
    await setting.api.call('DELETE', `/executions/${id}`);
  });
});

describe('files in a conversation', () => {
  it('come with a reply, and what Claude makes of them is looked at and downloaded', async () => {
    const { api, host } = setting;
    const page = await openPanel(host);
    const id = await api.launch('claude-hitl', { prompt: 'Please look at it' });
    const first = await api.until(id, ofKind('lock'));
    await page.goto(`${host.url}/executions/${id}`);
    await page.getByTestId('field-response').fill('now write two');
    await page.getByTestId('field-files').setInputFiles([
      { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('a note') },
      { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('another') },
    ]);
    await page.getByText('2 files arrived').waitFor({ state: 'attached' });
    await page.getByTestId('answer-submit').click();
    const second = await api.until(id, ofKind('lock'), first.seq);
    const session = await sessionOf(id);
    expect(await runIn(session, "cat '/workspace/in/notes.txt' '/workspace/in/notes (2).txt'")).toBe('a noteanother');

    await page.getByTestId('tab-files').click();
    const results = page.getByTestId('files-out');
    await results.getByText('report.md').click();
    await results.getByText('<b>not bold</b>').waitFor();
    expect(await violations(page)).toEqual([]);
    const downloading = page.waitForEvent('download');
    await results.getByRole('link', { name: 'Download deep/a b.csv' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('a b.csv');
    expect(readFileSync((await download.path()) ?? '', 'utf8')).toBe('1,2');

    await api.answer(second.payload.request, { response: 'change one' });
    const { payload } = await api.until(id, ofKind('request'), second.seq);
    await api.answer(payload.request, { decision: 'allow' });
    const third = await api.until(id, ofKind('lock'), second.seq);
    await api.answer(third.payload.request, { response: 'done' });
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished');
    const { body } = await api.call('GET', `/executions/${id}/files/out`);
    expect(body.items).toMatchObject([{ path: '-rf' }, { path: 'deep/a b.csv' }, { path: 'report.md', size: 8 }]);
    await api.call('DELETE', `/executions/${id}`);
    await page.context().close();
  });
});

describe('a request', () => {
  it('is handed on in the panel to somebody who then answers it', async () => {
    const { api, host } = setting;
    const page = await openPanel(host);
    const id = await api.launch('claude-hitl', { prompt: 'Please look at it' });
    const { payload } = await api.until(id, ofKind('lock'));
    await page.goto(`${host.url}/executions/${id}`);
    await page.getByTestId('hand-on').getByText('Hand on').click();
    await page.getByTestId('hand-on-user').fill('nobody');
    await page.getByTestId('hand-on-submit').click();
    await page.getByText('There is no user nobody').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByTestId('hand-on-user').fill('admin');
    await page.getByTestId('hand-on-note').fill('You know <b>this</b> better');
    await page.getByTestId('hand-on-submit').click();
    await page.getByTestId('handed').getByText('admin handed it on to you: “You know <b>this</b> better”').waitFor();
    await page.getByText('Handed on; whoever').waitFor();
    expect((await api.call('GET', `/requests/${payload.request}`)).body).toMatchObject({
      assign: { users: ['admin'], owner: true },
      handed: { by: 'admin' },
    });
    await page.goto(`${host.url}/inbox`);
    const why = page
      .getByTestId('inbox-row')
      .filter({ hasText: 'admin handed it on to you: “You know <b>this</b> better”' });
    await why.getByText('started by admin').waitFor();
    await page.getByTestId('filter-tool').click();
    await page.getByText('Nothing of this kind waits for you').waitFor();
    await page.getByTestId('filter-form').click();
    await why.waitFor();
    expect(await violations(page)).toEqual([]);
    await api.call('DELETE', `/executions/${id}`);
    await page.context().close();
  });
});

describe('a disk that fills', () => {
  it('costs a piece and nothing of what came before, and refuses what has no room', async () => {
    expect(process.getuid?.(), 'Only root can mount a small disk').toBe(0);
    const place = mkdtempSync(join(tmpdir(), 'airlock-story-disk-'));
    const disk = mountTmpfs(place, '300m');
    try {
      const uploads = createUploads({ folder: join(place, 'uploads'), clock: () => new Date() });
      const user = 'ada';
      const [first, second] = [Buffer.alloc(mebibyte, 1), Buffer.alloc(8 * mebibyte, 2)];
      const size = first.length + second.length;
      const { id } = await uploads.create({ user, name: 'a.bin', type: '', size });
      await uploads.write({ id, user, offset: 0, body: Readable.from([first]) });
      disk.fill(2 * mebibyte);
      const piece = { id, user, offset: first.length };
      await expect(uploads.write({ ...piece, body: Readable.from([second]) })).rejects.toMatchObject({
        code: 'disk_full',
      });
      await expect(uploads.create({ user, name: 'b.bin', type: '', size })).rejects.toMatchObject({
        code: 'disk_full',
      });
      expect(await uploads.get(id, user)).toMatchObject({ offset: first.length });
      disk.free();
      await uploads.write({ ...piece, body: Readable.from([second]) });
      const arrived = await uploads.arrived(id, user);
      expect(readFileSync(arrived?.path ?? '').equals(Buffer.concat([first, second]))).toBe(true);
    } finally {
      disk.unmount();
      rmSync(place, { recursive: true });
    }
  });
});
