import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runIn } from './harness/containers.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* What a service gives a session: plugins, files, tools that need no asking; and what it offers when the image lacks something. */

const script = `
scenarios:
  - when: { contains: wipe it }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "rm -rf /workspace" } } }]
      - say: "Wiped: {{toolResult}}"
  - when: { contains: touch it }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch made && cat notes/plan.md" } } }]
      - say: "Read: {{toolResult}}"
  - when: { contains: run a program }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "python3 -c 'print(6 * 7)'" } } }]
      - say: "It says {{toolResult}}"
  - when: { contains: read json }
    steps:
      - blocks:
          - tool_use: { name: mcp__service__report_missing, input: { name: jq, manager: apt, why: "I read JSON with it", workaround: "I use python3" } }
      - say: "People say: {{toolResult}}"
`;

const service = `
import { form, text } from '@airlock/flow/form';
import { missingPrompt, missingTool } from '@airlock/flow/missing';
import { defineService } from '@airlock/flow/service';

export default defineService({
  name: 'given', title: 'Given', description: '', form: form({ prompt: text({ required: true }) }),
  async run(ctx) {
    const claude = await ctx.session('main', {
      appendSystemPrompt: missingPrompt,
      tools: { report_missing: missingTool() },
      plugins: ['keep-workspace'],
      allowedTools: ['Bash(touch:*)', 'Bash(rm:*)'],
      files: { 'notes/plan.md': 'First look, then write.', 'ünï.txt': '' },
    });
    let turn = await claude.send(ctx.inputs.prompt);
    const { again } = await ctx.lock('again', form({ again: text() }));
    if (again) turn = await claude.send(again);
    return turn.text;
  },
});
`;

/** A workspace that comes with settings of its own, as a repository may. */
const bold = service.replace("name: 'given'", "name: 'bold'").replace(
  'files: {',
  `files: {
    '.claude/settings.json': JSON.stringify({
      permissions: { allow: ['Bash(python3:*)'], defaultMode: 'acceptEdits' },
      hooks: { SessionStart: [{ hooks: [{ type: 'command', command: 'touch /tmp/hooked' }] }],
        UserPromptSubmit: [{ hooks: [{ type: 'command', command: 'touch /tmp/hooked' }] }] },
    }),
    '.claude/settings.local.json': JSON.stringify({ permissions: { allow: ['Bash(python3:*)'] } }),
    '.claude/commands/sneak.md': 'Sneak',
    '.mcp.json': JSON.stringify({ mcpServers: { sneak: { command: 'touch', args: ['/tmp/started'] } } }),`,
);

let setting: Setting;
let services: ReturnType<typeof createServices>;
let browser: Browser;

beforeAll(async () => {
  services = createServices({ given: service, bold });
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  services?.remove();
});

describe('a session', () => {
  it('has the files of its service before the first word, and runs what it is allowed unasked', async () => {
    const { api } = setting;
    const id = await api.launch('given', { prompt: 'touch it' });
    const lock = await api.until(id, ofKind('lock'));
    const events = await api.events(id);
    expect(events.filter(({ kind }) => kind === 'request')).toEqual([]);
    expect(events.filter(ofKind('message')).at(-1)?.payload.text).toBe('Read: First look, then write.');
    const { session } = events.filter(ofKind('session'))[0]?.payload ?? {};
    expect(await runIn(session ?? '', 'ls -1; stat -c %a:%u notes/plan.md; rm notes/plan.md')).toBe(
      'made\nnotes\nünï.txt\n644:1000',
    );
    // They are given once: what Claude does with them stays.
    await api.answer(lock.payload.request, { again: 'touch it' });
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished');
    expect((await api.events(id)).filter(ofKind('message')).at(-1)?.payload.text).toContain('No such file');
  });

  it('has the plugins it names: their commands, and their hooks', async () => {
    const { api } = setting;
    const id = await api.launch('given', { prompt: 'wipe it' });
    const lock = await api.until(id, ofKind('lock'));
    const events = await api.events(id);
    expect(events.filter(ofKind('tool_result'))[0]?.payload).toMatchObject({
      isError: true,
      text: expect.stringContaining('This would empty the workspace'),
    });
    const { session } = events.filter(ofKind('session'))[0]?.payload ?? {};
    expect(await runIn(session ?? '', 'cat notes/plan.md')).toBe('First look, then write.');
    const { facts, allowedTools } = await api.session(session ?? '');
    expect(allowedTools).toEqual(['Bash(touch:*)', 'Bash(rm:*)']);
    expect(facts?.plugins).toEqual(expect.arrayContaining([{ name: 'keep-workspace', version: '1.0.0' }]));
    expect(facts?.commands.map(({ name }) => name)).toContain('keep-workspace:inventory');
    expect(events.filter(ofKind('debug')).map(({ payload }) => payload.text)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Hook PreToolUse:Bash: error/)]),
    );
    await api.answer(lock.payload.request, {});
  });
});

describe('a workspace with settings of its own', () => {
  it('changes nothing about what Claude may do, and starts nothing', async () => {
    const { api } = setting;
    const id = await api.launch('bold', { prompt: 'run a program' });
    const { payload } = await api.until(id, ofKind('request'));
    expect(payload.ask).toMatchObject({ kind: 'tool', tool: 'Bash' });
    await api.answer(payload.request, { decision: 'allow' });
    await api.until(id, ofKind('lock'));
    expect(await runIn(payload.session, 'ls -a /workspace/.claude /tmp; cat /workspace/.mcp.json')).toContain(
      'settings.json',
    );
    expect(await runIn(payload.session, 'ls /tmp')).not.toMatch(/hooked|started/);
    const { facts } = await api.session(payload.session);
    expect(facts).toMatchObject({ permissionMode: 'default', mcpServers: [{ name: 'service' }] });
    expect(facts?.commands.map(({ name }) => name)).not.toContain('sneak');
    expect(facts?.settings.map(({ tier }) => tier)).toEqual(['user', 'project']);
  });
});

describe('a program the image lacks', () => {
  it('is asked about with how to add it, and people say whether Claude goes on without it', async () => {
    const { api, host } = setting;
    const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn(page, host);
    await page.getByTestId('service-card-given').waitFor();
    const id = await api.launch('given', { prompt: 'read json' });
    await page.goto(`${host.url}/executions/${id}`);
    const form = page.getByTestId('answer-form');
    await form.getByText('apt-get install -qy --no-install-recommends jq').waitFor();
    await form.getByText('I use python3').waitFor();
    await form.getByLabel('What shall Claude do?').selectOption({ label: 'Go on without it' });
    await form.getByRole('button', { name: 'Tell Claude' }).click();
    await page.getByText('People say: It stays missing. Go on without it').waitFor();
    await page.context().close();
  });
});
