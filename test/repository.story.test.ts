import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneRepository } from '@airlock/host/repositories/clone';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runIn } from './harness/containers.ts';
import { createGitServer, type GitServer } from './harness/git-server.ts';
import { searchAsRoot } from './harness/search-as-root.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* A conversation that begins with a private repository. */

const token = 'ghp_0123456789-do-not-tell';
const script = `
scenarios:
  - when: { contains: Mend it }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "cd /workspace && printf 'better\\\\n' > README.md && echo new > src/new.ts && git log --oneline | wc -l" } } }]
      - say: It is mended.
  - when: { contains: look }
    steps: [{ say: I looked. }]
`;
const service = `
import { form, submit, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
export default defineService({
  name: 'mend',
  title: 'Mend',
  description: '',
  form: form({
    url: text({ label: 'URL', required: true }),
    ref: text({ label: 'Ref' }),
    token: text({ label: 'Token' }),
    go: submit('Go'),
  }),
  async run(ctx) {
    const { url, ref, token } = ctx.inputs;
    const repository = { url, ...(ref ? { ref } : {}), ...(token ? { token } : {}) };
    const claude = await ctx.session('main', { repository, permissionMode: 'acceptEdits', rules: [{ decision: 'allow', tool: 'Bash' }] });
    const { text } = await claude.send('Mend it');
    await ctx.lock('look', form({ done: submit('Done') }));
    const pushed = await claude.pushBranch('airlock/mended', { message: 'Mend it' });
    return [text, pushed.kind, pushed.kind === 'pushed' ? pushed.commit : ''].join(' ');
  },
});
`;

let browser: Browser;
let server: GitServer;
let setting: Setting;
let services: ReturnType<typeof createServices>;

beforeAll(async () => {
  browser = await launchBrowser();
  server = await createGitServer(
    {
      'README.md': 'good\n',
      'src/a.ts': 'export {};\n',
      '.gitattributes': '*.bin filter=lfs\n',
      '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = https://example.com/x\n',
      'large.bin': 'version https://git-lfs.github.com/spec/v1\n',
    },
    token,
  );
  services = createServices({ mend: service });
  setting = await createSetting(script, {
    env: {
      AIRLOCK_SERVICES: services.dir,
      AIRLOCK_SECRET_FORGE: token,
      AIRLOCK_SECRET_HOSTS_FORGE: server.host,
    },
  });
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  await server?.close();
  services?.remove();
});

describe('a session with a repository', () => {
  it('begins with what is in it, and shows what became of it', async () => {
    const { api } = setting;
    const id = await api.launch('mend', { url: server.url, token: '{{FORGE}}' });
    await api.until(id, ofKind('lock'));
    const session = (await api.until(id, ofKind('session'))).payload.session;
    expect(
      await runIn(
        session,
        'export GIT_PAGER=cat; cd /workspace && git status --short && git log --format=%s && cat .git/config',
      ),
    ).toContain('Begin');
    const { body } = await api.call('GET', `/executions/${id}/workspace/changes`);
    expect(body.items).toMatchObject([
      { path: 'README.md', change: 'changed' },
      { path: 'src/new.ts', change: 'added' },
    ]);
    const said = (await api.events(id)).filter(ofKind('debug')).map(({ payload }) => payload.text);
    expect(said.join('\n')).toMatch(
      /In the workspace: \S+, main at [0-9a-f]{12}; .*LFS.*; its submodules are left out/,
    );
  });

  it('shows people what would be pushed, and pushes it once they agree', async () => {
    const { api, host } = setting;
    const id = await api.launch('mend', { url: server.url, token: '{{FORGE}}' });
    const look = await api.until(id, ofKind('lock'));
    const session = (await api.until(id, ofKind('session'))).payload.session;
    const context = await browser.newContext({ locale: 'en-US' });
    const page = await context.newPage();
    await signIn(page, host);
    await page.getByTestId('service-card-mend').waitFor();
    await page.goto(`${host.url}/executions/${id}`);
    await page.getByTestId('tab-workspace').click();
    const differing = page.getByTestId('workspace-changes');
    await differing.getByText('README.md').click();
    await differing.locator('[data-kind=removed]').getByText('good').waitFor();
    await differing.locator('[data-kind=added]').getByText('better').waitFor();

    await api.answer(look.payload.request, {});
    const ask = await api.until(id, ofKind('lock'), look.seq);
    expect(server.git('branch', '--list')).not.toContain('mended');
    await page.getByRole('tab', { name: 'Conversation' }).click();
    await page.getByText('Push one commit as branch').waitFor();
    await page.getByText('2 files changed, 2 insertions(+), 1 deletion(-)').waitFor();
    await page.getByLabel('Decision').selectOption('push');
    await page.getByRole('button', { name: 'Decide' }).click();
    await api.until(id, (event) => event.kind === 'final', ask.seq);
    const { result } = await api.execution(id);
    const commit = server.git('rev-parse', 'airlock/mended').trim();
    expect(JSON.stringify(result)).toContain(`It is mended. pushed ${commit}`);
    expect(server.git('show', 'airlock/mended:README.md')).toBe('better\n');
    expect(server.git('log', '--format=%an %s', 'airlock/mended')).toBe('Claude Mend it\nAda Begin\n');
    await context.close();
    expect(JSON.stringify(await api.events(id))).not.toContain(token);
    expect(session).toBeTruthy();
  });

  it('pushes nothing when people refuse, and nothing over what others pushed', async () => {
    const { api } = setting;
    const prepared = async () => {
      const id = await api.launch('mend', { url: server.url, token: '{{FORGE}}' });
      const look = await api.until(id, ofKind('lock'));
      await api.answer(look.payload.request, {});
      return { id, ask: (await api.until(id, ofKind('lock'), look.seq)).payload.request };
    };
    const before = server.git('rev-parse', 'airlock/mended');
    const first = await prepared();
    await api.answer(first.ask, { decision: 'refuse', comment: 'Not yet' });
    await api.until(first.id, (event) => event.kind === 'final');
    const second = await prepared();
    await api.answer(second.ask, { decision: 'push', comment: '' });
    const { payload } = await api.until(second.id, ofKind('error'));
    expect(payload).toMatchObject({ code: 'repository_unusable' });
    expect(payload.detail).toContain('it has other commits already');
    expect(server.git('rev-parse', 'airlock/mended')).toBe(before);
  });

  it('is pushed by the next host when this one is killed while people decide, and while it pushes', async () => {
    const { api, host } = setting;
    const id = await api.launch('mend', { url: server.url, token: '{{FORGE}}' });
    const look = await api.until(id, ofKind('lock'));
    await api.answer(look.payload.request, {});
    const ask = await api.until(id, ofKind('lock'), look.seq);
    await host.kill();
    await host.start();
    server.git('update-ref', '-d', 'refs/heads/airlock/mended');
    const pushing = Promise.withResolvers<void>();
    server.answer = ({ url = '' }) => {
      if (!url.includes('git-receive-pack')) return undefined;
      pushing.resolve();
      return 'never';
    };
    await api.answer(ask.payload.request, { decision: 'push', comment: '' });
    await pushing.promise;
    await host.kill();
    server.answer = () => undefined;
    await host.start();
    await api.until(id, (event) => event.kind === 'final', ask.seq);
    expect(server.git('show', 'airlock/mended:README.md')).toBe('better\n');
  });

  it('never has the token in its container, nor anywhere the host writes', async () => {
    const { api, host } = setting;
    const id = await api.launch('mend', { url: server.url, token: '{{FORGE}}' });
    await api.until(id, ofKind('lock'));
    const session = (await api.until(id, ofKind('session'))).payload.session;
    const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
    const { found, scanned } = await searchAsRoot(`claude-session-${session}`, {
      token,
      basic,
      path: '/usr/local/bin:',
    });
    expect(found.filter((where) => !where.startsWith('path:'))).toEqual([]);
    expect(found.some((where) => where.startsWith('path:'))).toBe(true);
    expect(scanned.files).toBeGreaterThan(1_000_000);
    for (const needle of [token, basic]) {
      const grep = spawnSync('grep', ['-rlaF', '--', needle, host.home], { encoding: 'utf8' });
      expect(grep.stdout).toBe('');
      expect(host.output()).not.toContain(needle);
    }
    expect(JSON.stringify(await api.events(id))).not.toContain(token);
    await api.call('DELETE', `/executions/${id}`);
  });

  it('takes nothing from a workspace that lies about its repository', async () => {
    const { api } = setting;
    const id = await api.launch('mend', { url: server.url, token: '{{FORGE}}' });
    const look = await api.until(id, ofKind('lock'));
    const session = (await api.until(id, ofKind('session'))).payload.session;
    const hostile = [
      'cd /workspace',
      'git config core.fsmonitor "touch /workspace/ran; false"',
      "mkdir -p .git/hooks && printf '#!/bin/sh\\ntouch /workspace/ran\\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit",
      // A tree with an entry that would be git's own folder.
      "T=$(printf '100644 .git\\0' > /tmp/t; git hash-object -w README.md | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read().strip()))' >> /tmp/t; git hash-object -t tree -w --literally /tmp/t)",
      'git update-ref HEAD $(echo evil | git -c user.name=x -c user.email=x commit-tree $T -p HEAD)',
      'git read-tree HEAD^ && git reset --quiet --soft HEAD',
    ].join(' && ');
    await runIn(session, `export GIT_PAGER=cat; ${hostile}`);
    await api.answer(look.payload.request, {});
    const { payload } = await api.until(id, ofKind('error'));
    expect(payload.detail).toMatch(/Its objects are refused: .*hasDotgit/);
  });

  it('is not larger than it may be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'airlock-clone-'));
    const cloning = cloneRepository({
      env: process.env,
      folder: join(folder, 'git'),
      access: { url: server.url, token },
      ref: undefined,
      mostBytes: 100,
      signal: AbortSignal.timeout(30_000),
      onProgress: () => undefined,
    });
    await expect(cloning).rejects.toThrow('has more than 100 B');
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['v1', /no branch/],
    ['main', /main/],
  ])('begins at %s', async (ref, branch) => {
    const { api } = setting;
    const id = await api.launch('mend', { url: server.url, ref, token: '{{FORGE}}' });
    await api.until(id, ofKind('lock'));
    const session = (await api.until(id, ofKind('session'))).payload.session;
    expect(await runIn(session, 'export GIT_PAGER=cat; cd /workspace && git branch -a')).toMatch(branch);
    await api.call('DELETE', `/executions/${id}`);
  });

  it('begins at a commit', async () => {
    const { api } = setting;
    const ref = server.git('rev-parse', 'HEAD').trim();
    const id = await api.launch('mend', { url: server.url, ref, token: '{{FORGE}}' });
    await api.until(id, ofKind('lock'));
    const session = (await api.until(id, ofKind('session'))).payload.session;
    expect(await runIn(session, 'export GIT_PAGER=cat; cd /workspace && git rev-parse HEAD')).toBe(ref);
    await api.call('DELETE', `/executions/${id}`);
  });

  it.each<[string, { [input: string]: string | number }, string, string]>([
    ['no token', { token: '' }, 'repository_unusable', 'asks for a name and password'],
    ['a secret nobody set', { token: '{{OTHER}}' }, 'secret_unusable', 'AIRLOCK_SECRET_OTHER is not set'],
    ['another host', { url: 'https://example.com/x' }, 'secret_unusable', 'does not name example.com'],
    ['another repository', { path: '/none.git' }, 'repository_unusable', 'There is no repository at'],
    ['an unknown ref', { ref: 'nowhere' }, 'repository_unusable', 'has no branch, tag or commit nowhere'],
    ['an unknown commit', { ref: '0'.repeat(40) }, 'repository_unusable', 'has no branch, tag or commit 0000'],
    ['a password in the address', { url: 'https://a:b@example.com/x' }, 'service_failed', 'must hold no password'],
    ['a file', { url: 'file:///etc' }, 'service_failed', 'is reached by https'],
    ['a program', { url: 'ext::sh -c id' }, 'service_failed', 'is reached by https'],
    ['an option for a ref', { ref: '--upload-pack=id' }, 'service_failed', 'no branch, tag or commit'],
    ['a server that leads elsewhere', { status: 302 }, 'repository_unusable', 'leads elsewhere'],
    ['a server that fails', { status: 500 }, 'repository_unusable', '500'],
  ])('ends plainly with %s', async (_, { path, status, ...inputs }, code, words) => {
    const { api } = setting;
    server.answer = () => (status === undefined ? undefined : Number(status));
    const url = new URL(path === undefined ? server.url : String(path), server.url).href;
    const id = await api.launch('mend', { url, token: '{{FORGE}}', ...inputs });
    const { payload } = await api.until(id, ofKind('error'));
    server.answer = () => undefined;
    expect(payload.detail).toContain(words);
    expect(payload.code).toBe(code);
  });
});
