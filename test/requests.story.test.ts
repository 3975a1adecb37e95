import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, untilReplaced } from './harness/containers.ts';
import { reply } from './harness/endings.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* What Claude asks of people, answered in a real browser, with a real container and the real CLI. */

const script = `
scenarios:
  - when: { contains: touch a file }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch asked.txt && ls *.txt", description: "Makes a file" } } }]
      - say: "There is: {{toolResult}}"
  - when: { contains: make another }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch another.txt && ls *.txt" } } }]
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch another.txt && ls *.txt" } } }]
      - say: "There is: {{toolResult}}"
  - when: { contains: run the tests }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "make test" } } }]
      - say: "It said: {{toolResult}}"
  - when: { contains: change the note }
    steps:
      - blocks: [{ tool_use: { name: Write, input: { file_path: /tmp/note.txt, content: "one\\ntwo\\nthree\\n" } } }]
      - blocks: [{ tool_use: { name: Edit, input: { file_path: /tmp/note.txt, old_string: "two", new_string: "2\\u202e\\u200b" } } }]
      - say: "Changed: {{toolResult}}"
  - when: { contains: remove everything }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "rm -rf /workspace/*" } } }]
      - say: "Never said"
  - when: { contains: under rules }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch allowed.txt" } } }]
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch allowed.txt && git push" } } }]
      - blocks: [{ tool_use: { name: Read, input: { file_path: /workspace/allowed.txt } } }]
      - say: "Last: {{toolResult}}"
  - when: { contains: three at once }
    steps:
      - blocks:
          - tool_use: { name: Bash, input: { command: "touch one.txt" } }
          - tool_use: { name: Bash, input: { command: "touch two.txt" } }
          - tool_use: { name: Bash, input: { command: "touch three.txt" } }
      - say: Never said, because somebody spoke
  - when: { contains: I allow all of it }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "ls" } } }]
      - say: "There is: {{toolResult}}"
  - when: { contains: which way }
    steps:
      - blocks:
          - tool_use:
              name: AskUserQuestion
              input:
                questions:
                  - question: Which way?
                    header: Way
                    multiSelect: false
                    options:
                      - { label: Short, description: through the wood, preview: "**dark** <img src=x onerror=alert(1)>" }
                      - { label: Long, description: along the river }
                  - question: What to take?
                    header: Things
                    multiSelect: true
                    options: [{ label: Rope, description: 30 m }, { label: Lamp, description: "" }, { label: Bread, description: "" }]
      - say: "You said: {{toolResult}}"
  - when: { contains: ask the server }
    steps:
      - blocks: [{ tool_use: { name: mcp__asker__greet, input: {} } }]
      - say: "It said: {{toolResult}}"
  - when: { contains: send me there }
    steps:
      - blocks: [{ tool_use: { name: mcp__asker__connect, input: {} } }]
      - say: "It said: {{toolResult}}"
  - when: { contains: plan it }
    steps:
      - blocks: [{ tool_use: { name: Write, input: { file_path: "{{planFile}}", content: "# The plan\\n\\n1. Write it" } } }]
      - blocks: [{ tool_use: { name: ExitPlanMode, input: {} } }]
      - blocks: [{ tool_use: { name: Edit, input: { file_path: "{{planFile}}", old_string: "Write it", new_string: "Write it <img src=x onerror=alert(1)> twice" } } }]
      - blocks: [{ tool_use: { name: ExitPlanMode, input: {} } }]
      - blocks: [{ tool_use: { name: Write, input: { file_path: /workspace/made.txt, content: made } } }]
      - say: "{{toolResult}}"
`;

/** A conversation in which edits of files ask, and one that begins with a plan. */
const talk = (name: string, options: string) => `
import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

export default defineService({
  name: '${name}', title: 'Talk', description: '', form: form({ prompt: text({ required: true }) }),
  async run(ctx) {
    const claude = await ctx.session('main', ${options});
    for (let said = ctx.inputs.prompt; said !== 'done'; ) {
      const turn = await claude.send(said);
      if (turn.interrupted) await ctx.tracer.text('It was stopped.');
      said = (await ctx.lock('claude-input', form({ response: text({ label: 'Reply' }) }))).response;
    }
    return 'over';
  },
});`;

const rules = `{ rules: [
  { decision: 'allow', tool: 'Bash', command: 'touch' },
  { decision: 'deny', tool: 'Bash', command: 'git push', reason: 'Releases are made by people' },
  { decision: 'ask', tool: 'Read', path: '/workspace/allowed.txt' },
] }`;

/** An MCP server in the container whose one tool asks a person. */
const asker = `
import json, sys
def send(message):
    print(json.dumps({'jsonrpc': '2.0', **message}), flush=True)
properties = {'name': {'type': 'string', 'title': 'Your <b>name</b>'}, 'tea': {'type': 'string', 'enum': ['green', 'black']}}
for line in sys.stdin:
    message = json.loads(line)
    method, id = message.get('method'), message.get('id')
    if method == 'initialize':
        info = {'name': 'asker', 'version': '1'}
        send({'id': id, 'result': {'protocolVersion': message['params']['protocolVersion'], 'capabilities': {'tools': {}}, 'serverInfo': info}})
    elif method == 'tools/list':
        empty = {'type': 'object', 'properties': {}}
        send({'id': id, 'result': {'tools': [{'name': name, 'description': 'Asks', 'inputSchema': empty} for name in ['greet', 'connect']]}})
    elif method == 'tools/call' and message['params']['name'] == 'connect':
        called = id
        url = 'https://example.com/connect?state=<b>'
        send({'id': 'e1', 'method': 'elicitation/create', 'params': {'mode': 'url', 'elicitationId': '1', 'url': url, 'message': 'Connect'}})
    elif method == 'tools/call':
        called = id
        schema = {'type': 'object', 'properties': properties, 'required': ['name']}
        send({'id': 'e1', 'method': 'elicitation/create', 'params': {'message': 'Who is <i>there</i>?', 'requestedSchema': schema}})
    elif id == 'e1':
        send({'id': called, 'result': {'content': [{'type': 'text', 'text': json.dumps(message.get('result'))}]}})
    elif id is not None:
        send({'id': id, 'result': {}})
`;
const asking = `{ mcpServers: { asker: { command: 'python3', args: ['-c', ${JSON.stringify(asker)}] } },
  rules: [{ decision: 'allow', tool: 'mcp__asker__*' }] }`;

const services = createServices({
  talk: talk('talk', '{}'),
  planner: talk('planner', "{ permissionMode: 'plan' }"),
  ruled: talk('ruled', rules),
  asking: talk('asking', asking),
});
let setting: Setting;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  services.remove();
});

beforeEach(async () => {
  page = await (await browser.newContext({ locale: 'en-US' })).newPage();
  await signIn(page, setting.host);
  await page.getByTestId('service-card-talk').waitFor();
  return () => page.context().close();
});

async function start(prompt: string, service = 'talk'): Promise<string> {
  const id = await setting.api.launch(service, { prompt });
  await page.goto(`${setting.host.url}/executions/${id}`);
  return id;
}

async function violations(): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate<string[]>(
    'axe.run("main").then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join()))',
  );
}

describe('a tool', () => {
  it('is edited and then allowed: what ran is what was edited, and Claude is told', async () => {
    const { api, sim } = setting;
    const id = await start('touch a file');
    await page.getByTestId('tool-edit').click();
    await page.getByTestId('tool-edit-command').fill('touch edited.txt && ls *.txt');
    const diff = page.getByTestId('diff');
    await diff.locator('[data-kind="removed"]').getByText('touch asked.txt && ls *.txt').waitFor();
    await diff.locator('[data-kind="added"]').getByText('touch edited.txt && ls *.txt').waitFor();
    expect(await violations()).toEqual([]);
    await page.getByTestId('tool-allow-edited').click();
    await page.getByText('There is: edited.txt').waitFor();
    await page.getByText('Bash allowed as edited').click();
    await page.getByTestId('diff').locator('[data-kind="added"]').waitFor();
    const told = sim.requests.map(({ body }) => JSON.stringify(body)).filter((body) => body.includes('edited.txt'));
    expect(told.at(-1)).toContain('A person edited this call before allowing it');
    await reply(api, id, 0, 'done');
  });

  it('is allowed for good: it is not asked about again, not even by the next container', async () => {
    const { api } = setting;
    const id = await start('run the tests');
    const asked = await api.until(id, ofKind('request'));
    expect(asked.payload.ask).toMatchObject({ grants: [{ type: 'addRules', rules: [{ toolName: 'Bash' }] }] });
    await page.getByText('For the rest of this conversation:').waitFor();
    await page.getByTestId('tool-allow-always').click();
    await page.getByText(/Bash allowed, from now on: Bash\(make test/).waitFor();
    let at = await reply(api, id, asked.seq, 'run the tests again');
    at = (await api.until(id, ofKind('turn'), at)).seq;
    const { session } = asked.payload;
    const { Id } = await containerOf(session).inspect();
    await containerOf(session).kill();
    await untilReplaced(session, Id);
    at = await reply(api, id, at - 1, 'run the tests once more');
    await api.until(id, ofKind('turn'), at);
    const events = await api.events(id);
    expect(events.filter(ofKind('tool_result'))).toHaveLength(3);
    expect(events.filter(ofKind('request'))).toHaveLength(1);
    await reply(api, id, at, 'done');
  });

  it('is allowed as its container dies: when Claude asks again it runs, and nobody is asked twice', async () => {
    const { api } = setting;
    const id = await start('make another');
    const asked = await api.until(id, ofKind('request'));
    await containerOf(asked.payload.session).pause();
    await page.getByTestId('tool-allow').click();
    await page.getByText('Bash allowed').waitFor();
    await containerOf(asked.payload.session).remove({ force: true });
    const ran = await api.until(id, (event) => event.kind === 'tool_result' && !event.payload.isError);
    expect(ran.payload).toMatchObject({ text: 'another.txt' });
    const answers = (await api.events(id)).filter(ofKind('answer')).map(({ payload }) => [payload.outcome, payload.by]);
    expect(answers).toEqual([
      ['answered', 'admin'],
      ['answered', 'admin'],
    ]);
    await reply(api, id, ran.seq, 'done');
  });

  it('that edits a file shows the change, with characters that hide made visible', async () => {
    const { api } = setting;
    const id = await start('change the note');
    const written = await api.until(id, ofKind('request'));
    await api.answer(written.payload.request, { decision: 'allow' });
    const change = page.getByTestId('tool-request').getByTestId('diff');
    await change.locator('[data-kind="removed"]').getByText('two').waitFor();
    await change.locator('[data-kind="added"]').getByText('U+202E').waitFor();
    expect(await change.locator('[data-kind="added"]').textContent()).toMatch(/U\+200B/);
    await page.getByTestId('tool-deny').click();
    await page.getByText('Edit denied').waitFor();
    await reply(api, id, 0, 'done');
  });

  it('is denied and Claude stopped: the turn is over, and the conversation goes on', async () => {
    const { api, sim } = setting;
    const id = await start('remove everything');
    await page.getByTestId('tool-message').fill('Leave it alone');
    await page.getByTestId('tool-deny-stop').click();
    await page.getByText('Bash denied, and Claude stopped: “Leave it alone”').waitFor();
    await page.getByText('It was stopped.').waitFor();
    const turn = await api.until(id, ofKind('turn'));
    expect(turn.payload).toMatchObject({ interrupted: true, text: '' });
    expect(sim.requests.some(({ body }) => JSON.stringify(body).includes('Never said'))).toBe(false);
    await reply(api, id, 0, 'done');
    await api.until(id, ofKind('final'));
  });
});

describe('rules of a service', () => {
  it('allow without asking, deny with the reason, and ask where the image would not', async () => {
    const { api, sim } = setting;
    const id = await start('under rules', 'ruled');
    const asked = await api.until(id, ofKind('request'));
    expect(asked.payload.ask).toMatchObject({ tool: 'Read' });
    const results = (await api.events(id)).filter(ofKind('tool_result')).map(({ payload }) => payload);
    expect(results.map(({ isError }) => isError)).toEqual([false, true]);
    expect(results[1]?.text).toContain('Releases are made by people');
    await api.answer(asked.payload.request, { decision: 'allow' });
    await page.getByText('Last:').waitFor();
    const said = (await api.events(id)).filter(ofKind('debug')).map(({ payload }) => payload.text);
    expect(said).toEqual([
      'Bash allowed by the rule Bash(touch)',
      'Bash denied by the rule Bash(git push): Releases are made by people',
      'Read asked about by the rule Read(/workspace/allowed.txt)',
    ]);
    expect(JSON.stringify(sim.requests.at(-1)?.body)).toContain('Releases are made by people');
    await reply(api, id, 0, 'done');
  });
});

describe('several tools at once', () => {
  it('are asked about one by one, over a reload, and words in the conversation allow none of them', async () => {
    const { api } = setting;
    const id = await start('three at once');
    await page.getByTestId('tool-allow').first().waitFor();
    await page.getByTestId('steer-text').fill('yes, I allow all of it');
    await page.getByTestId('steer-say').click();
    await page.getByTestId('prompt').getByText('yes, I allow all of it').waitFor();
    await page.reload();
    await page.getByTestId('tool-allow').first().waitFor();
    expect((await api.events(id)).filter(ofKind('tool_result'))).toEqual([]);
    let seq = 0;
    for (const name of ['one', 'two', 'three']) {
      const asked = await api.until(id, ofKind('request'), seq);
      expect(asked.payload.ask).toMatchObject({ tool: 'Bash', input: { command: `touch ${name}.txt` } });
      await api.answer(asked.payload.request, { decision: name === 'two' ? 'deny' : 'allow' });
      ({ seq } = asked);
    }
    const { payload } = await api.until(id, ofKind('turn'));
    expect(payload.text).toMatch(/^There is: .*one\.txt.*three\.txt/s);
    expect(payload.text).not.toContain('two.txt');
    const results = (await api.events(id)).filter(ofKind('tool_result')).map((event) => event.payload.isError);
    expect(results).toEqual([false, true, false, false]);
    await reply(api, id, 0, 'done');
  });
});

describe('a question', () => {
  it('shows what an option looks like, and takes several choices and notes', async () => {
    const { api } = setting;
    const id = await start('which way');
    const request = page.getByTestId('question-request');
    const preview = request.getByTestId('question-preview');
    await preview.locator('strong').getByText('dark').waitFor();
    expect(await preview.locator('img').count()).toBe(0);
    await request.getByRole('radio', { name: 'Short' }).check();
    await request.getByTestId('question-note-0').fill('before <b>night</b>');
    await request.getByRole('checkbox', { name: 'Rope' }).check();
    await request.getByRole('checkbox', { name: 'Bread' }).check();
    expect(await violations()).toEqual([]);
    await request.getByTestId('question-submit').click();
    const { payload } = await api.until(id, ofKind('turn'));
    expect(payload.text).toMatch(/Short.*before <b>night<\/b>.*Rope, Bread/s);
    await reply(api, id, 0, 'done');
  });
});

describe('an MCP server in the container', () => {
  it('asks a person with a form of its own, whose texts are shown as text', async () => {
    const { api } = setting;
    const id = await start('ask the server', 'asking');
    const request = page.getByTestId('elicitation-request');
    await request.getByText('Who is <i>there</i>?').waitFor();
    await request.getByLabel('Your <b>name</b>').fill('Ada');
    await request.getByLabel('tea').selectOption('green');
    expect(await violations()).toEqual([]);
    await page.getByTestId('elicitation-send').click();
    await page.getByText('asker answered').waitFor();
    const said = await api.until(id, ofKind('message'));
    const answer = { action: 'accept', content: { name: 'Ada', tea: 'green' } };
    expect(JSON.parse(said.payload.text.replace('It said: ', ''))).toEqual(answer);
    const at = await reply(api, id, 0, 'ask the server again');
    await page.getByTestId('elicitation-decline').click();
    await api.until(id, (event) => event.kind === 'message' && event.payload.text.includes('decline'), at);
    await reply(api, id, at, 'done');
  });
});

describe('an MCP server that sends people to a page', () => {
  it('shows the address in full, opens it apart, and is told when they have been there', async () => {
    const { api } = setting;
    const id = await start('send me there', 'asking');
    const request = page.getByTestId('elicitation-request');
    await request.getByText('https://example.com/connect?state=<b>').waitFor();
    const link = request.getByRole('link', { name: 'Open example.com' });
    expect(await link.getAttribute('href')).toBe('https://example.com/connect?state=<b>');
    expect([await link.getAttribute('target'), await link.getAttribute('rel')]).toEqual([
      '_blank',
      'noopener noreferrer',
    ]);
    expect(await violations()).toEqual([]);
    await page.getByTestId('elicitation-done').click();
    const said = await api.until(id, ofKind('message'));
    expect(JSON.parse(said.payload.text.replace('It said: ', ''))).toEqual({ action: 'accept' });
    await reply(api, id, 0, 'done');
  });
});

describe('a plan', () => {
  it('is sent back with what to change, approved, and carried out without asking about edits', async () => {
    const { api } = setting;
    const id = await start('plan it', 'planner');
    const plan = page.getByTestId('plan-request');
    await plan.getByRole('heading', { name: 'The plan' }).waitFor();
    await page.getByTestId('plan-change').click();
    await page.getByText('Say what to change').waitFor();
    expect(await violations()).toEqual([]);
    await page.getByTestId('plan-message').fill('Twice, please');
    await page.getByTestId('plan-change').click();
    await page.getByText('Changes to the plan asked for: “Twice, please”').waitFor();
    await plan.getByText('twice').waitFor();
    expect(await plan.locator('img').count()).toBe(0);
    await page.getByTestId('plan-approve-edits').click();
    await page.getByText('Plan approved, edits need no asking').waitFor();
    await page.getByText('File created successfully at: /workspace/made.txt').waitFor();
    const kinds = (await api.events(id)).filter(ofKind('request')).map(({ payload }) => payload.ask.kind);
    expect(kinds).toEqual(['plan', 'plan']);
    await reply(api, id, 0, 'done');
  });
});
