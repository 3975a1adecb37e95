import { join } from 'node:path';
import type { Wait } from '@airlock/protocol/waits';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, killIn, runIn } from './harness/containers.ts';
import { root } from './harness/host.ts';
import { isState } from './harness/recall.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* A look inside sessions while they run, and what executions say they wait for. */

const script = `
scenarios:
  - when: { contains: be busy }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "until [ -e /workspace/go ]; do :; done; echo went" } } }]
      - say: "It {{toolResult}}"
  - when: { contains: write a file }
    steps:
      - blocks: [{ tool_use: { name: Write, input: { file_path: /tmp/file.txt, content: text } } }]
      - say: Written.
  - when: { contains: overloaded }
    steps: [{ error: { status: 529, times: 3, retryAfter: 30 }, say: It was worth the wait. }]
  - when: { contains: just talk }
    steps: [{ say: Here I am. }]
`;

const services = createServices({
  'claude-hitl': `import { claudeHitl } from '${join(root, 'services/claude-hitl/service.ts')}';
export default claudeHitl({ hibernateMs: 1500 });`,
  pausing: `import { form } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
export default defineService({
  name: 'pausing', title: 'Pausing', description: '', form: form({}),
  async run(ctx) { await ctx.sleep(3_600_000); },
});`,
});

let setting: Setting;
let browser: Browser;
let page: Page;
const begun: string[] = [];

beforeAll(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir, AIRLOCK_MAX_CPUS: '2' } });
  browser = await launchBrowser();
  page = await (await browser.newContext({ locale: 'en-US' })).newPage();
  await signIn(page, setting.host);
  await page.getByTestId('service-card-claude-hitl').waitFor();
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  services.remove();
});
afterEach(async () => {
  for (const id of begun.splice(0)) await setting.api.call('DELETE', `/executions/${id}`);
});

async function begin(prompt: string): Promise<string> {
  const id = await setting.api.launch('claude-hitl', { prompt });
  begun.push(id);
  return id;
}

/** A conversation with a tool at work that uses all the CPU it can get. */
async function beBusy(): Promise<{ id: string; session: string }> {
  const id = await begin('be busy');
  const { payload } = await setting.api.until(id, ofKind('request'));
  await setting.api.answer(payload.request, { decision: 'allow' });
  return { id, session: payload.session };
}

/** Resolves with what an execution waits for once it is of this kind. */
async function waitsFor(id: string, kind: Wait['kind']): Promise<Wait> {
  return await vi.waitFor(
    async () => {
      const { waitsFor: wait } = await setting.api.execution(id);
      if (wait?.kind !== kind) throw new Error(`It waits for ${JSON.stringify(wait)}`);
      return wait;
    },
    { timeout: 30_000, interval: 50 },
  );
}

/** The sentence in the panel's header. */
async function note(id: string, text: RegExp): Promise<void> {
  await page.goto(`${setting.host.url}/executions/${id}`);
  await page.getByTestId('progress-note').filter({ hasText: text }).waitFor();
}

async function openSetup(id: string): Promise<void> {
  await page.goto(`${setting.host.url}/executions/${id}`);
  await page.getByTestId('tab-setup').click();
  await page.getByTestId('inside').waitFor();
}

async function violations(): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate<string[]>(
    'axe.run("main").then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join()))',
  );
}

describe('inside a session', () => {
  it('people see its processes and what they use, and that it stands still', async () => {
    const { api } = setting;
    const { id, session } = await beBusy();
    expect(await waitsFor(id, 'tool')).toMatchObject({ text: 'Claude runs Bash', since: expect.any(String) });
    await page.goto(`${setting.host.url}/executions/${id}`);
    await page.getByTestId('working').filter({ hasText: 'Claude runs Bash…' }).waitFor();
    await openSetup(id);
    const row = page
      .getByTestId('processes')
      .getByRole('row')
      .filter({ hasText: 'until [ -e /workspace/go ]' })
      .first();
    await row.waitFor();
    await page.getByTestId('processes').getByText('runner', { exact: true }).waitFor();
    await page
      .getByTestId('meter-memory')
      .filter({ hasText: /\d+ MB of|MiB of/ })
      .waitFor();
    await page
      .getByTestId('meter-workspace')
      .filter({ hasText: /^Workspace\d/ })
      .waitFor();
    await page
      .getByTestId('meter-cpu')
      .filter({ hasText: /CPU(0\.[1-9]|1\.)/ })
      .waitFor();
    await page.getByTestId('session-log').click();
    await page.getByTestId('session-log').getByText('Nothing was printed.').waitFor();
    const command = row.getByRole('button');
    await command.click();
    expect(await command.getAttribute('aria-expanded')).toBe('true');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations()).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(360);
    await page.setViewportSize({ width: 1280, height: 720 });
    const container = containerOf(session);
    await container.pause();
    await page
      .getByTestId('inside-old')
      .filter({ hasText: /^No answer for \d+ s: .*it stands still/ })
      .waitFor();
    await row.waitFor();
    await container.unpause();
    await page.getByTestId('inside-old').waitFor({ state: 'detached' });
    await runIn(session, 'touch /workspace/go');
    await api.until(id, ofKind('turn'));
  });

  it('the last words of a container outlive it', async () => {
    const { api } = setting;
    const { id, session } = await beBusy();
    await killIn(session, 'claude');
    const { seq } = await api.until(id, isState('resumed'));
    await waitsFor(id, 'person');
    await openSetup(id);
    await page.getByTestId('session-log').click();
    await page.getByTestId('earlier-ends').filter({ hasText: 'Claude was ended by SIGKILL' }).waitFor();
    // Of this Claude Code itself has something to say.
    await runIn(session, "pkill -SEGV -f '^/app/bin/claude'");
    const { payload } = await api.until(id, isState('resumed'), seq);
    expect(payload).toMatchObject({ detail: expect.stringMatching(/claude\| .*\nClaude was ended by SIGSEGV/s) });
    await page
      .getByTestId('earlier-ends')
      .filter({ hasText: /claude\| .*SIGSEGV/s })
      .waitFor();
    const { body } = await api.call('GET', `/sessions/${session}/logs?tail=5`);
    expect(body).toMatchObject({ earlier: [{}, { text: expect.stringContaining('Claude was ended by SIGSEGV') }] });
  });
});

describe('what an execution waits for', () => {
  it('is a person, for a tool and then for a reply, and Claude falls asleep meanwhile', async () => {
    const { api } = setting;
    const id = await begin('write a file');
    const asked = await api.until(id, ofKind('request'));
    const { waitsFor: wait } = await api.execution(id);
    expect(wait).toMatchObject({ kind: 'person', text: 'Waits for a person: may Claude use Write?' });
    expect(wait?.until).toBe(asked.payload.expiresAt);
    await note(id, /^Waits for a person: may Claude use Write\?$/);
    await api.answer(asked.payload.request, { decision: 'allow' });
    const lock = await api.until(id, ofKind('lock'));
    await note(id, /^Waits for a person: the form “claude-input”/);
    await api.until(id, isState('hibernated'), lock.seq);
    await page
      .getByTestId('progress-note')
      .filter({ hasText: /; Claude sleeps meanwhile$/ })
      .waitFor();
    await openSetup(id);
    await page
      .getByTestId('inside-nothing')
      .filter({ hasText: /^It sleeps: it has no container/ })
      .waitFor();
    const { payload } = await api.until(id, ofKind('session'));
    expect(await api.call('GET', `/sessions/${payload.session}/inside`)).toMatchObject({
      status: 200,
      body: { container: null, why: expect.stringContaining('It sleeps') },
    });
  });

  it('is the model, and room for a container', async () => {
    const { api } = setting;
    const slow = [await begin('you are overloaded'), await begin('you too are overloaded')];
    for (const id of slow) {
      await api.until(id, ofKind('retry'));
      const wait = await waitsFor(id, 'retry');
      expect(wait.text).toMatch(/^Asks the model again in \d+ s: it was overloaded \(529\)$/);
      expect(Date.parse(wait.until ?? '')).toBeGreaterThan(Date.parse(wait.since ?? ''));
    }
    await note(slow[0] ?? '', /^Asks the model again in \d+ s: it was overloaded/);
    const third = await begin('just talk');
    expect(await waitsFor(third, 'room')).toMatchObject({ text: 'Waits for room: it is next' });
    await note(third, /^Waits for room: it is next$/);
    await openSetup(third);
    await page.getByTestId('inside-nothing').filter({ hasText: 'It waits for room: it is next.' }).waitFor();
  });

  it('is a time its service chose, and nothing once it has ended', async () => {
    const { api } = setting;
    const id = await api.launch('pausing', {});
    begun.push(id);
    expect(await waitsFor(id, 'timer')).toMatchObject({
      text: 'Its service pauses for 1 h',
      until: expect.any(String),
    });
    await note(id, /^Its service pauses for 1 h$/);
    await api.call('POST', `/executions/${id}/cancel`);
    await vi.waitFor(async () =>
      expect(await api.execution(id)).toMatchObject({ status: 'cancelled', waitsFor: null }),
    );
  });
});
