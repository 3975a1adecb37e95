import { createServer } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adminPassword } from './harness/host.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

const long = 'The quick brown fox jumps over the lazy dog and runs on through the wood.';
const begun = 'The quick brown fox jumps over';
const script = `
scenarios:
  - when: { contains: remember the word }
    steps:
      - slow: 20
        blocks: [{ text: "${long}", gate: { name: half, piece: 6 } }]
  - when: { contains: which word }
    steps: [{ say: "You began with: {{firstPrompt}}" }]
  - when: { contains: write a note }
    steps:
      - blocks:
          - tool_use: { name: Write, input: { file_path: /workspace/note.txt, content: "the moon is made of rock" } }
      - blocks: [{ tool_use: { name: Read, input: { file_path: /workspace/note.txt } } }]
      - say: "The note says: {{toolResult}}"
  - when: { contains: run something }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "python3 -c \\"print('it-%d ran' % (40 + 2))\\"" } } }]
      - say: "The tool said: {{toolResult}}"
  - when: { contains: ask me }
    steps:
      - blocks:
          - tool_use:
              name: AskUserQuestion
              input:
                questions:
                  - question: Which colour?
                    header: Colour
                    multiSelect: false
                    options: [{ label: Red, description: warm }, { label: Blue, description: cold }]
      - say: "You chose: {{toolResult}}"
  - when: { contains: survive }
    steps:
      - blocks: [{ text: "${long}", gate: { name: first-block, piece: 6 } }]
`;

/** Keeps every text that was shown while it was being written. */
const watchLiveText = `
  window.liveTexts = [];
  new MutationObserver(() => {
    const text = document.querySelector('[data-testid="live-text"]')?.textContent ?? '';
    if (text !== '' && text !== window.liveTexts.at(-1)) window.liveTexts.push(text);
  }).observe(document, { subtree: true, childList: true, characterData: true });
`;

/** Lines the browser itself writes for an answer that a test provokes, or for a host that is gone. */
const provoked = /^Failed to load resource: (the server responded with a status of (401|422)|net::ERR_)/;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let problems: string[];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

beforeEach(async () => {
  context = await browser.newContext();
  await context.addInitScript(watchLiveText);
  page = await context.newPage();
  problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type()) && !provoked.test(line.text()))
      problems.push(`${line.text()} ${line.location().url}`);
  });
});
afterEach(async () => {
  await context.close();
  expect(problems).toEqual([]);
});

const shown = (testId: string, text?: string) =>
  page
    .getByTestId(testId)
    .filter({ ...(text !== undefined && { hasText: text }) })
    .first()
    .waitFor();

/** Fills in the form of claude-hitl up to its button. */
async function prepare(prompt: string): Promise<void> {
  await page.getByTestId('service-card-claude-hitl').click();
  await page.getByTestId('field-prompt').fill(prompt);
}

async function reply(text: string): Promise<void> {
  await page.getByTestId('field-response').fill(text);
  await page.getByTestId('answer-submit').click();
}

/** Deletes the execution that is shown, and its workspace. */
async function deleteExecution(): Promise<void> {
  await page.getByTestId('delete').click();
  await page.getByTestId('confirm').click();
  await page.getByText('Nothing has run yet').waitFor();
}

const liveTexts = () => page.evaluate<string[]>('window.liveTexts');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port was given');
  return address.port;
}

describe('the panel', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await createSetting(script, { env: { AIRLOCK_PORT: String(await freePort()) } });
  });
  afterAll(() => setting?.remove());

  it('signs a person in and takes a whole conversation from the form to the summary', async () => {
    const { host, sim } = setting;
    await page.goto(host.url);
    await page.getByTestId('login-password').fill('wrong');
    await page.getByTestId('login-submit').click();
    await shown('login-error', 'wrong');
    await page.getByTestId('login-password').fill(adminPassword);
    await page.getByTestId('login-submit').click();

    await page.getByTestId('service-card-claude-hitl').click();
    await page.getByTestId('form-submit').click();
    await page.locator('[data-testid="field-prompt"][aria-invalid="true"]').waitFor();
    await page.getByTestId('field-prompt').fill('Please remember the word ocelot');
    await page.getByTestId('form-submit').click();

    await sim.control.gates.arrival('half');
    await shown('live-text', begun);
    expect(await page.getByTestId('message').count()).toBe(0);
    sim.control.gates.release('half');
    await shown('message', long);
    expect(await page.getByTestId('live-text').count()).toBe(0);
    const grown = await liveTexts();
    expect(grown.every((text) => long.startsWith(text))).toBe(true);
    expect(grown.length).toBeGreaterThan(2);
    expect(grown.map((text) => text.length)).toEqual(grown.map((text) => text.length).toSorted((a, b) => a - b));

    await reply('which word did I say?');
    await shown('message', 'You began with: Please remember the word ocelot');
    const asked = sim.requests.map(({ body }) => JSON.stringify(body)).filter((body) => body.includes('which word'));
    expect(asked.at(-1)).toContain('remember the word ocelot');
    expect(asked.at(-1)).toContain(long);

    await reply('write a note');
    await shown('message', 'The note says:');
    await shown('tool-call', 'Write');
    await page.getByTestId('tool-call').filter({ hasText: 'Read' }).locator('summary').click();
    await shown('tool-result', 'the moon is made of rock');

    await reply('run something');
    await shown('tool-request', `python3 -c "print('it-%d ran' % (40 + 2))"`);
    await shown('execution-status', 'Waiting');
    await page.getByTestId('tool-allow').click();
    await shown('message', 'The tool said: it-42 ran');
    await shown('request-ended', 'Bash allowed by admin');

    await reply('ask me something');
    await shown('question-request', 'Which colour?');
    await page.getByLabel('Blue').check();
    await page.getByTestId('question-submit').click();
    await shown('request-ended', 'Answered: Blue');
    await shown('message', 'You chose:');

    await reply('done');
    await shown('summary', 'You ended the conversation.');
    await shown('execution-status', 'Finished');

    await page.goto(`${host.url}/executions`);
    await shown('executions-row', 'Finished');
    expect(await page.getByTestId('executions-row').count()).toBe(1);
    await page.getByTestId('executions-row').click();
    await deleteExecution();
  });

  it('reconnects by itself after a kill of the host, and shows the whole reply once', async () => {
    const { host, sim } = setting;
    sim.control.setVary({ enabled: true, mode: 'reword' });
    const { url } = host;
    await signIn(page, setting.host);
    await prepare('survive this');
    await page.getByTestId('form-submit').click();
    await sim.control.gates.arrival('first-block');
    await shown('live-text', begun);
    await host.kill();
    await shown('connection-banner');
    sim.control.gates.release('first-block', { stay: true });
    await host.start();
    expect(host.url).toBe(url);

    await shown('message', long);
    await shown('answer-form');
    await page.getByTestId('connection-banner').waitFor({ state: 'detached' });
    expect(await page.getByTestId('live-text').count()).toBe(0);
    const texts = await page.getByTestId('message').allTextContents();
    expect(texts).toHaveLength(1);
    // The model put it another way: nothing is left of the text that was given up.
    expect(texts[0]).not.toMatch(/^The quick/);
    expect((await page.locator('body').textContent())?.split(begun)).toHaveLength(2);
    expect(await page.getByTestId('prompt').count()).toBe(1);

    await reply('done');
    await shown('summary', 'You ended the conversation.');
    await deleteExecution();
  });
});

describe('a wrong model key', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await createSetting(script, { key: 'sk-ant-not-the-right-one' });
  });
  afterAll(() => setting?.remove());

  it('is on the page within 2 s of the launch', async ({ annotate }) => {
    await signIn(page, setting.host);
    await prepare('Hello');
    const clicked = Date.now();
    await page.getByTestId('form-submit').click();
    await shown('error-card', 'key');
    const took = Date.now() - clicked;
    await annotate(`${took} ms after the button`);
    expect(took).toBeLessThanOrEqual(2000);
    expect(setting.sim.requests.at(-1)?.outcome).toMatchObject({ kind: 'refused', status: 401 });
    await shown('execution-status', 'Failed');
    expect(await page.getByTestId('error-card').count()).toBe(1);
    await deleteExecution();
  });
});
