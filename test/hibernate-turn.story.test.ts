import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Event } from '@airlock/protocol/events';
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, killIn, runIn, untilRemoved, untilReplaced } from './harness/containers.ts';
import { startMcpServer, type TestMcpServer } from './harness/mcp-server.ts';
import { isState, textsOf } from './harness/recall.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* Sessions that fall asleep in a turn, while Claude waits for a person. */

const command = (text: string) => `{ tool_use: { name: Bash, input: { command: "${text}", description: Notes it } } }`;
const ran = command('echo ran >> /workspace/ran.txt');
const options = '[{ label: "Yes", description: Green }, { label: "No", description: None }]';
const asked = `{ question: "Tea?", header: Drink, multiSelect: false, options: ${options} }`;
const question = `{ tool_use: { name: AskUserQuestion, input: { questions: [${asked}] } } }`;
const script = `
scenarios:
  - when: { contains: which word }
    steps: [{ say: "You began with: {{firstPrompt}}" }]
  - when: { contains: a word between }
    steps: [{ say: I heard the word. }]
  - when: { contains: ask me }
    steps:
      - blocks: [{ text: I have a question. }, ${question}]
      - say: "People said: {{toolResult}}"
  - when: { contains: run it, toolResult: outcome is unknown }
    steps: [{ say: Whether it ran I do not know. }]
  - when: { contains: run it }
    steps:
      - blocks: [{ text: I run it. }, ${ran}]
      - say: "It ended: {{toolResult}}"
  - when: { contains: run until told }
    steps:
      - blocks: [{ text: I run it. }, ${command('echo ran >> /workspace/ran.txt; until [ -e /workspace/go ]; do sleep 0.05; done')}]
      - say: "It ended at last."
  - when: { contains: create an issue }
    steps:
      - blocks: [{ tool_use: { name: mcp__issues__create, input: { title: ocelot } } }]
      - say: "It says: {{toolResult}}"
  - when: { contains: greet me }
    steps:
      - blocks: [{ tool_use: { name: mcp__greeter__greet, input: {} } }]
      - say: "It says: {{toolResult}}"
  - when: { contains: both at once }
    steps:
      - blocks: [${command('echo first >> /workspace/ran.txt')}, ${command('echo second >> /workspace/ran.txt')}]
      - say: Both are done.
`;

const asking = (name: string, more = '') => `import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
export default defineService({
  name: '${name}', title: 'Asking', description: '', form: form({ prompt: text({ required: true }) }),
  async run(ctx) {
    const rules = ['Bash', 'mcp__*'].map((tool) => ({ decision: 'ask', tool, reason: 'People look at it' }));
    const claude = await ctx.session('main', { hibernateMs: 1000, rules, ${more} });
    for (let prompt = ctx.inputs.prompt; prompt !== 'done'; ) {
      await claude.send(prompt);
      prompt = (await ctx.lock('next', form({ response: text({ required: true }) }))).response;
    }
    await claude.end();
  },
});`;

/** An MCP server in the container. */
const greeter = `
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    method, id = message.get('method'), message.get('id')
    tool = {'name': 'greet', 'description': 'Greets', 'inputSchema': {'type': 'object', 'properties': {}}}
    results = {
        'initialize': {'protocolVersion': '2025-06-18', 'capabilities': {'tools': {}}, 'serverInfo': {'name': 'greeter', 'version': '1'}},
        'tools/list': {'tools': [tool]},
        'tools/call': {'content': [{'type': 'text', 'text': 'Hello'}]},
    }
    if method == 'tools/call':
        open('/workspace/ran.txt', 'a').write('greeted\\n')
    if id is not None:
        print(json.dumps({'jsonrpc': '2.0', 'id': id, 'result': results.get(method, {})}), flush=True)
`;

const token = 'token-of-the-issues-0123456789';
let setting: Setting;
let issues: TestMcpServer;
let services: ReturnType<typeof createServices>;
beforeAll(async () => {
  issues = await startMcpServer(token);
  const servers = {
    issues: { url: issues.url, headers: { authorization: 'Bearer {{ISSUES_TOKEN}}' } },
    greeter: { command: 'python3', args: ['/workspace/greeter.py'] },
  };
  services = createServices({
    asking: asking('asking'),
    hasty: asking('hasty', 'answerMs: 4000'),
    served: asking(
      'served',
      `mcpServers: ${JSON.stringify(servers)}, files: ${JSON.stringify({ 'greeter.py': greeter })}`,
    ),
  });
  const env = { AIRLOCK_SECRET_ISSUES_TOKEN: token, AIRLOCK_SECRET_HOSTS_ISSUES_TOKEN: issues.host };
  setting = await createSetting(script, { env: { ...env, AIRLOCK_SERVICES: services.dir } });
});
afterAll(async () => {
  await setting?.remove();
  await issues?.close();
  services?.remove();
});
afterEach(() => setting.sim.control.reset());

const engine = new Docker();

async function hasContainer(session: string): Promise<boolean> {
  const found = await engine.listContainers({ all: true, filters: { name: [`claude-session-${session}`] } });
  return found.length > 0;
}

interface Asking {
  readonly id: string;
  readonly session: string;
  readonly request: string;
  readonly at: number;
}

/** Begins a conversation whose first turn asks a person something. */
async function begin(prompt: string, service = 'asking'): Promise<Asking> {
  const { api } = setting;
  const id = await api.launch(service, { prompt });
  const { seq, payload } = await api.until(id, ofKind('request'));
  return { id, session: payload.session ?? '', request: payload.request, at: seq };
}

async function untilAsleep({ id, session }: Asking, after: number): Promise<number> {
  const { seq } = await setting.api.until(id, isState('hibernated'), after);
  await untilRemoved(session);
  return seq;
}

/** Waits until a look at the store shows what is wanted, while the host writes it. */
async function untilStored(query: string, id: string): Promise<void> {
  const database = new DatabaseSync(join(setting.host.home, 'airlock.db'), { readOnly: true });
  try {
    const read = database.prepare(query);
    await vi.waitFor(() => expect(read.get(id)).toBeDefined(), { timeout: 20_000, interval: 5 });
  } finally {
    database.close();
  }
}

/** The turn ends, Claude knows what was said before it, and all ends well; `check` sees the container before it goes. */
async function recall({ id, at }: Asking, prompt: string, check?: () => Promise<unknown>): Promise<Event[]> {
  const { api } = setting;
  const lock = await api.until(id, ofKind('lock'), at);
  await check?.();
  await api.answer(lock.payload.request, { response: 'which word did I begin with?' });
  const next = await api.until(id, ofKind('lock'), lock.seq);
  await api.answer(next.payload.request, { response: 'done' });
  await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', next.seq);
  const events = await api.events(id);
  const texts = textsOf(events);
  expect(texts.at(-1)).toBe(`You began with: ${prompt}`);
  expect(texts).toEqual([...new Set(texts)]);
  const turns = events.filter(ofKind('turn')).map(({ payload }) => payload);
  const prompts = events.filter(ofKind('prompt')).map(({ payload }) => payload.id);
  expect(turns.map(({ error }) => error)).toEqual([undefined, undefined]);
  const isCutOff = events.some(
    (event) => event.kind === 'session' && /Claude is told/.test(event.payload.detail ?? ''),
  );
  if (!isCutOff) expect(turns.map((turn) => turn.prompt)).toEqual(prompts);
  const uses = events.filter(ofKind('tool_use')).map(({ payload }) => payload.toolUseId);
  expect(events.filter(ofKind('tool_result')).map(({ payload }) => payload.toolUseId)).toEqual(uses);
  return events;
}

const readRan = (session: string) => runIn(session, 'cat /workspace/ran.txt');
const outcomesIn = (events: Event[]) => events.filter(ofKind('answer')).flatMap(({ payload }) => payload.outcome);

const models = [{ vary: false }, { vary: true }];

describe.each(models)('a turn that waits for a person (model varies: $vary)', ({ vary }) => {
  it('H15. gives up its container for a question, survives its host, and goes on with the answer', async () => {
    const { api, host, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const asking = await begin('ask me about ocelots');
    const slept = await untilAsleep(asking, asking.at);
    expect(await hasContainer(asking.session)).toBe(false);
    const execution = await api.execution(asking.id);
    expect(execution).toMatchObject({ status: 'awaiting', requests: [{ id: asking.request }] });
    expect(execution.waitsFor?.text).toContain('Claude sleeps meanwhile');
    await host.kill();
    await host.start();
    await api.answer(asking.request, { answers: { 'Tea?': 'Yes' } });
    const resumed = await api.until(asking.id, isState('resumed'), slept);
    expect(resumed.payload).toMatchObject({ detail: 'It wakes' });
    const events = await recall(asking, 'ask me about ocelots');
    expect(textsOf(events).slice(0, 2)).toEqual(['I have a question.', expect.stringContaining('"Tea?"="Yes"')]);
    expect(events.filter(ofKind('request'))).toHaveLength(1);
  });

  it('H16. gives up its container for a command, and runs it once, as it was edited', async () => {
    const { api, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const asking = await begin('run it for the ocelot');
    const begun = Date.now();
    expect((await api.events(asking.id)).find(ofKind('request'))?.payload).toMatchObject({
      ask: { tool: 'Bash', reason: 'People look at it', description: 'Notes it' },
    });
    await untilAsleep(asking, asking.at);
    const slept = Date.now() - begun;
    const updatedInput = { command: 'echo edited >> /workspace/ran.txt' };
    await api.answer(asking.request, { decision: 'allow', updatedInput });
    const events = await recall(asking, 'run it for the ocelot', async () => {
      expect(await readRan(asking.session)).toBe('edited');
    });
    expect(outcomesIn(events)).toEqual(['answered']);
    expect(events.find(ofKind('turn'))?.payload.durationMs).toBeGreaterThan(slept);
    expect(JSON.stringify(sim.requests.at(-1)?.body)).toContain('A person edited this call before allowing it');
  });

  it.each([
    ['denies it', { decision: 'deny', message: 'Not that' }, 'It ended: Not that'],
    ['denies it, and stops the turn', { decision: 'deny', message: 'Not that', interrupt: true }, null],
  ])('goes on awake when a person %s', async (_, answer, text) => {
    const { api, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const asking = await begin('run it for the ocelot');
    await untilAsleep(asking, asking.at);
    await api.answer(asking.request, answer);
    const events = await recall(asking, 'run it for the ocelot', async () => {
      await expect(readRan(asking.session)).rejects.toThrow('No such file');
    });
    const turn = events.find(ofKind('turn'))?.payload;
    expect([turn?.text, turn?.interrupted]).toEqual(text === null ? ['', true] : [text, undefined]);
  });
});

describe('a turn that sleeps', () => {
  it('shows what it asks in the panel, where it is answered', async () => {
    const { host } = setting;
    const browser = await launchBrowser();
    onTestFinished(() => browser.close());
    const asking = await begin('ask me about ocelots');
    await untilAsleep(asking, asking.at);
    const page = await browser.newPage();
    await signIn(page, host);
    await page.getByTestId('service-card-asking').waitFor();
    await page.goto(`${host.url}/executions/${asking.id}`);
    await page.getByText('Asleep: it gave up its container').waitFor();
    const request = page.getByTestId('question-request');
    await request.getByRole('radio', { name: 'Yes' }).check();
    await request.getByTestId('question-submit').click();
    await page.getByText('"Tea?"="Yes"').first().waitFor();
    await recall(asking, 'ask me about ocelots');
  });

  it('is stopped by a person, and nothing runs', async () => {
    const { api } = setting;
    const asking = await begin('run it for the ocelot');
    await untilAsleep(asking, asking.at);
    expect((await api.call('POST', `/sessions/${asking.session}/interrupt`)).status).toBe(204);
    const events = await recall(asking, 'run it for the ocelot', async () => {
      await expect(readRan(asking.session)).rejects.toThrow('No such file');
    });
    expect(outcomesIn(events)).toEqual(['withdrawn']);
    expect(events.find(ofKind('turn'))?.payload).toMatchObject({ text: '', interrupted: true });
  });

  it('is stopped by a person while it wakes, and nothing runs', async () => {
    const { api } = setting;
    const asking = await begin('run it for the ocelot');
    await untilAsleep(asking, asking.at);
    await api.answer(asking.request, { decision: 'allow' });
    expect((await api.call('POST', `/sessions/${asking.session}/interrupt`)).status).toBe(204);
    const events = await recall(asking, 'run it for the ocelot', async () => {
      await expect(readRan(asking.session)).rejects.toThrow('No such file');
    });
    expect(events.find(ofKind('turn'))?.payload).toMatchObject({ text: '', interrupted: true });
  });

  it('sleeps on when something is said, which is heard once after the answer', async () => {
    const { api } = setting;
    const asking = await begin('run it for the ocelot');
    const slept = await untilAsleep(asking, asking.at);
    expect((await api.call('POST', `/sessions/${asking.session}/messages`, { text: 'a word between' })).status).toBe(
      204,
    );
    const other = await begin('ask me about ocelots');
    await untilAsleep(other, other.at);
    expect((await api.session(asking.session)).state).toBe('hibernated');
    await api.answer(asking.request, { decision: 'allow' });
    const heard = await api.until(
      asking.id,
      (event) => event.kind === 'message' && event.payload.text === 'I heard the word.',
      slept,
    );
    const lock = await api.until(asking.id, ofKind('lock'), slept);
    await api.answer(lock.payload.request, { response: 'done' });
    await api.until(asking.id, (event) => event.kind === 'status' && event.payload.status === 'finished', heard.seq);
    expect(textsOf(await api.events(asking.id))).toEqual([
      'I run it.',
      expect.stringContaining('It ended'),
      'I heard the word.',
    ]);
    await api.call('POST', `/executions/${other.id}/cancel`);
  });

  it('H16. has a call of an MCP server to make, elsewhere or in the container, which is made once', async () => {
    const { api } = setting;
    const remote = await begin('create an issue, ocelot', 'served');
    await untilAsleep(remote, remote.at);
    await api.answer(remote.request, { decision: 'allow' });
    const events = await recall(remote, 'create an issue, ocelot');
    expect(textsOf(events)[0]).toContain('It says: Created ocelot');
    expect(issues.done).toEqual(['ocelot']);
    const local = await begin('greet me, ocelot', 'served');
    expect((await api.events(local.id)).find(ofKind('request'))?.payload).toMatchObject({
      ask: { mcpServer: { name: 'greeter', source: 'dynamic' } },
    });
    await untilAsleep(local, local.at);
    await api.answer(local.request, { decision: 'allow' });
    await recall(local, 'greet me, ocelot', async () => expect(await readRan(local.session)).toBe('greeted'));
  });

  it('goes on when nobody answers in time', async () => {
    const asking = await begin('run it for the ocelot', 'hasty');
    await untilAsleep(asking, asking.at);
    const events = await recall(asking, 'run it for the ocelot');
    expect(outcomesIn(events)).toEqual(['expired']);
    expect(textsOf(events)[1]).toBe('It ended: Nobody answered in time');
  });

  it('is ended with its execution, and never gets a container again', async () => {
    const { api } = setting;
    const asking = await begin('run it for the ocelot');
    const slept = await untilAsleep(asking, asking.at);
    expect((await api.call('POST', `/executions/${asking.id}/cancel`)).status).toBeLessThan(300);
    await api.until(asking.id, isState('ended'), slept);
    expect(await hasContainer(asking.session)).toBe(false);
    expect(outcomesIn(await api.events(asking.id))).toEqual(['withdrawn']);
  });

  it('H17. does not begin while another call of the message is not done', async () => {
    const { api } = setting;
    const asking = await begin('both at once, ocelot');
    const other = await begin('ask me about ocelots');
    await untilAsleep(other, other.at);
    expect(await hasContainer(asking.session)).toBe(true);
    expect((await api.session(asking.session)).state).toBe('live');
    await api.answer(asking.request, { decision: 'allow' });
    const second = await api.until(asking.id, ofKind('request'), asking.at);
    await untilAsleep(asking, second.seq);
    await api.answer(second.payload.request, { decision: 'allow' });
    await recall(asking, 'both at once, ocelot', async () => {
      expect(await readRan(asking.session)).toBe('first\nsecond');
    });
    await api.call('POST', `/executions/${other.id}/cancel`);
  });

  it('is known to be cut off when its next container does not know of the call', async () => {
    const { api, host } = setting;
    const asking = await begin('run it for the ocelot');
    await untilAsleep(asking, asking.at);
    await host.kill();
    const database = new DatabaseSync(join(host.home, 'airlock.db'));
    database
      .prepare("DELETE FROM transcripts WHERE session = ? AND entry LIKE '%hook_deferred_tool%'")
      .run(asking.session);
    database.close();
    await host.start();
    await api.answer(asking.request, { decision: 'allow' });
    const events = await recall(asking, 'run it for the ocelot');
    expect(textsOf(events)[1]).toBe('Whether it ran I do not know.');
    expect(events.filter(isState('resumed')).map(({ payload }) => payload)).toMatchObject([
      { detail: 'It wakes' },
      { detail: expect.stringContaining('did not take up the call it had put off. Claude is told') },
    ]);
  });
});

describe.each(models)('a host that is killed (model varies: $vary)', ({ vary }) => {
  const marker = "SELECT 1 FROM transcripts WHERE session = ? AND entry LIKE '%hook_deferred_tool%'";
  const inState = (state: string) => `SELECT 1 FROM sessions WHERE id = ? AND state = '${state}'`;

  it.each<[string, (asking: Asking) => Promise<unknown>]>([
    ['while a session is told to put off a call', ({ session }) => untilStored(inState('hibernating'), session)],
    ['when the call is put off', ({ session }) => untilStored(marker, session)],
    ['when it is stored that it sleeps', ({ session }) => untilStored(inState('hibernated'), session)],
    ['while it sleeps', ({ session }) => untilRemoved(session)],
  ])('%s: it sleeps, and runs the command once', async (_, moment) => {
    const { api, host, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const asking = await begin('run it for the ocelot');
    await moment(asking);
    await host.kill();
    await host.start();
    await untilAsleep(asking, asking.at);
    await api.answer(asking.request, { decision: 'allow' });
    const events = await recall(asking, 'run it for the ocelot', async () => {
      expect(await readRan(asking.session)).toBe('ran');
    });
    expect(outcomesIn(events)).toEqual(['answered']);
    expect(events.filter(isState('hibernated'))).toHaveLength(1);
  });

  it.each<[string, (asking: Asking, slept: number) => Promise<unknown>]>([
    ['when it is answered', () => Promise.resolve()],
    ['while it wakes', ({ id }, slept) => setting.api.until(id, isState('resumed'), slept)],
    ['when it has a container again', ({ session }) => untilReplaced(session, '')],
    ['while the command runs', ({ session }) => vi.waitFor(() => readRan(session), { timeout: 20_000, interval: 20 })],
  ])('%s: the command runs once', async (_, moment) => {
    const { api, host, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const asking = await begin('run until told, ocelot');
    const slept = await untilAsleep(asking, asking.at);
    await api.answer(asking.request, { decision: 'allow' });
    await moment(asking, slept);
    await host.kill();
    await host.start();
    await vi.waitFor(() => runIn(asking.session, 'touch /workspace/go'), { timeout: 20_000, interval: 50 });
    const events = await recall(asking, 'run until told, ocelot', async () => {
      expect(await readRan(asking.session)).toBe('ran');
    });
    expect(outcomesIn(events)).toEqual(['answered']);
    expect(textsOf(events)[1]).toContain('It ended at last.');
  });
});

describe.each(models)('a container that is killed (model varies: $vary)', ({ vary }) => {
  it.each([
    ['CLI', (session: string) => killIn(session, 'claude')],
    ['runner', (session: string) => killIn(session, 'runner')],
    ['container', (session: string) => containerOf(session).remove({ force: true })],
  ])('with its %s while a call is put off: it sleeps, or Claude knows that it was cut off', async (_, kill) => {
    const { api, sim } = setting;
    sim.control.setVary({ enabled: vary });
    const asking = await begin('run it for the ocelot');
    await untilStored("SELECT 1 FROM sessions WHERE id = ? AND state = 'hibernating'", asking.session);
    // It may have ended by itself just before.
    await Promise.resolve(kill(asking.session)).catch((error: { statusCode?: number }) => {
      expect([404, 409, 500]).toContain(error.statusCode);
    });
    const next = await api.until(
      asking.id,
      (event) => isState('hibernated')(event) || isState('resumed')(event),
      asking.at,
    );
    const hasSlept = isState('hibernated')(next);
    if (hasSlept) await api.answer(asking.request, { decision: 'allow' });
    const events = await recall(asking, 'run it for the ocelot');
    expect(outcomesIn(events)).toEqual([hasSlept ? 'answered' : 'withdrawn']);
    expect(textsOf(events)[1]).toContain(hasSlept ? 'It ended' : 'Whether it ran I do not know.');
  });
});
