import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runIn } from './harness/containers.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* What a conversation is made of, and what runs beside and beneath Claude: seen, used and stopped by people. */

const script = `
scenarios:
  - when: { contains: look into it }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "echo found it" } } }]
      - say: "The sub-agent {{toolResult}}"
  - when: { contains: send somebody }
    steps:
      - blocks: [{ tool_use: { name: Task, input: { description: Look around, prompt: look into it, subagent_type: general-purpose, run_in_background: false } } }]
      - say: Somebody has looked.
  - when: { contains: start something }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "sleep 3000", run_in_background: true } } }]
      - say: It runs.
  - when: { contains: make a list }
    steps:
      - blocks: [{ tool_use: { name: TaskCreate, input: { subject: Look around, description: Look } } }]
      - blocks: [{ tool_use: { name: TaskCreate, input: { subject: "<b>Write</b> it down", description: Write } } }]
      - blocks: [{ tool_use: { name: TaskUpdate, input: { taskId: "1", status: completed } } }]
      - blocks: [{ tool_use: { name: TaskUpdate, input: { taskId: "2", status: in_progress } } }]
      - blocks: [{ tool_use: { name: Bash, input: { command: "until [ -e /workspace/go ]; do sleep 0.05; done" } } }]
      - say: Listed.
`;

let setting: Setting;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  setting = await createSetting(script);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
});

beforeEach(async () => {
  page = await (await browser.newContext({ locale: 'en-US' })).newPage();
  await signIn(page, setting.host);
  await page.getByTestId('service-card-claude-hitl').waitFor();
  return () => page.context().close();
});

async function launch(prompt: string): Promise<string> {
  const id = await setting.api.launch('claude-hitl', { prompt });
  await page.goto(`${setting.host.url}/executions/${id}`);
  return id;
}

const until = (selector: string) => page.locator(selector).first().waitFor();

describe('a sub-agent', () => {
  it('is seen at work below the call that sent it', async () => {
    const { api } = setting;
    const id = await launch('send somebody');
    await api.until(id, ofKind('lock'));
    const events = await api.events(id);
    const call = events.find((event) => event.kind === 'tool_use' && event.payload.tool === 'Task');
    const parent = call?.kind === 'tool_use' ? call.payload.toolUseId : '';
    const beneath = events.flatMap((event) =>
      (event.kind === 'message' || event.kind === 'tool_use') && event.payload.parent === parent ? [event.kind] : [],
    );
    expect(beneath).toEqual(['tool_use', 'message']);
    const steps = events.flatMap(({ kind, payload }) => (kind === 'agent' && 'step' in payload ? [payload] : []));
    expect(steps[0]).toMatchObject({
      step: 'started',
      agent: 'general-purpose',
      about: 'Look around',
      toolUseId: parent,
    });
    expect(steps.at(-1)).toMatchObject({ step: 'completed', toolUses: 1 });
    await until('[data-testid="task"][data-step="completed"]');
    expect(await page.getByTestId('task').textContent()).toContain('general-purpose');
    await page.getByText('The sub-agent found it', { exact: true }).waitFor();
  });
});

describe('a command in the background', () => {
  it('is listed while it runs, and stopped by people', async () => {
    const { api } = setting;
    const id = await launch('start something');
    const started = await api.until(id, ofKind('agent'));
    await api.until(id, ofKind('lock'));
    if (!('step' in started.payload)) throw new Error('Not a task');
    const { session, id: task } = started.payload;
    expect((await api.session(session)).tasks).toEqual([{ id: task, kind: 'local_bash', about: 'sleep 3000' }]);
    expect(await runIn(session, 'pgrep -f "sleep 3000" | wc -l')).not.toBe('0');
    await page.getByTestId('task-stop').click();
    await until('[data-testid="task"][data-step="stopped"]');
    await expect.poll(() => runIn(session, 'pgrep -fx "sleep 3000" | wc -l')).toBe('0');
    await expect.poll(async () => (await api.session(session)).tasks).toEqual([]);
    expect(await page.getByTestId('task-stop').count()).toBe(0);
    expect((await api.call('POST', `/sessions/${session}/tasks/${task}/stop`)).status).toBe(404);
  });
});

describe('the list Claude keeps', () => {
  it('is shown as it is worked off, its texts as text', async () => {
    const { api } = setting;
    const id = await launch('make a list');
    await until('[data-testid="todos"] [data-status="in_progress"]');
    const lines = await page.getByTestId('todos').locator('li').allTextContents();
    expect(lines).toEqual(['Done: Look around', 'In progress: <b>Write</b> it down']);
    const { payload } = await api.until(id, ofKind('prompt'));
    await runIn(payload.session, 'touch /workspace/go');
    await api.until(id, ofKind('lock'));
  });
});

describe('slash commands', () => {
  it('are offered while Claude works, and run; one that empties the conversation is not', async () => {
    const { api } = setting;
    const id = await launch('make a list');
    const { payload } = await api.until(id, ofKind('prompt'));
    await page.getByTestId('steer-text').fill('/conte');
    await page
      .getByTestId('command-list')
      .getByRole('button', { name: /context/ })
      .click();
    expect(await page.getByTestId('steer-text').inputValue()).toBe('/context ');
    await runIn(payload.session, 'touch /workspace/go');
    const first = await api.until(id, ofKind('lock'));
    await api.answer(first.payload.request, { response: '/context' });
    await page.getByText('Estimated usage by category').waitFor();
    const second = await api.until(id, ofKind('lock'), first.seq);
    await api.answer(second.payload.request, { response: '/clear' });
    await page.getByText('A conversation keeps what was said in it').waitFor();
    const third = await api.until(id, ofKind('lock'), second.seq);
    await api.answer(third.payload.request, { response: 'and what was it again?' });
    await api.until(id, ofKind('lock'), third.seq);
    const { body } = await setting.sim.control.waitForRequest((request) =>
      JSON.stringify(request).includes('it again?'),
    );
    expect(JSON.stringify(body)).toContain('make a list');
  });
});

describe('what a conversation is made of', () => {
  it('is told by the API and shown, with how full its memory is', async () => {
    const { api } = setting;
    const id = await launch('hello');
    const { payload } = await api.until(id, ofKind('session'));
    await api.until(id, ofKind('lock'));
    const session = await api.session(payload.session);
    expect(session).toMatchObject({
      execution: id,
      state: 'live',
      working: false,
      image: { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
      limits: { cpus: 1, memoryBytes: 1024 ** 3 },
      context: { tokens: expect.any(Number), window: expect.any(Number) },
      facts: {
        cliVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
        settings: [
          { tier: 'user', allow: expect.arrayContaining(['Read', 'Write(//workspace/**)']) },
          { tier: 'project', allow: [] },
        ],
        commands: expect.arrayContaining([expect.objectContaining({ name: 'plan', hint: 'task' })]),
        skills: expect.arrayContaining(['hand-over']),
      },
    });
    await page.getByTestId('tab-setup').click();
    const setup = page.getByTestId('setup');
    await setup.getByText(session.image.digest ?? '', { exact: true }).waitFor();
    await setup.getByText('/plan task').waitFor();
    await setup.getByText('allow Write(//workspace/**)').waitFor();
    await setup.getByTestId('builtin-commands').click();
    await setup.getByText('/context', { exact: true }).waitFor();
    expect(await page.getByTestId('context').textContent()).toMatch(/^\d+ %$/);
  });
});
