import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const script = `
scenarios:
  - when: { contains: remember the word }
    steps:
      - blocks:
          - thinking: The person wants me to remember a word.
          - text: I will remember that.
  - when: { contains: which word }
    steps: [{ say: "You began with: {{firstPrompt}}" }]
  - when: { contains: write a note }
    steps:
      - blocks:
          - text: Writing it down.
          - tool_use: { name: Write, input: { file_path: /workspace/note.txt, content: "the moon is made of rock" } }
      - blocks: [{ tool_use: { name: Read, input: { file_path: /workspace/note.txt } } }]
      - say: "The note says: {{toolResult}}"
  - when: { contains: run something }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "python3 -c \\"print('it-%d ran at ' % (40 + 2) + open('/proc/self/oom_score_adj').read())\\"" } } }]
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
  - when: { contains: finish by yourself }
    steps: [{ say: "All done.\\n[TASK_COMPLETE]" }]
`;

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script);
});
afterAll(() => setting?.remove());

const lockAfter = (id: string, after: number) => setting.api.until(id, ofKind('lock'), after);

/** Answers the open reply form and returns the seq of the lock that was answered. */
async function reply(id: string, after: number, response: string): Promise<number> {
  const lock = await lockAfter(id, after);
  await setting.api.answer(lock.payload.request, { response });
  return lock.seq;
}

describe('claude-hitl', () => {
  it('streams a reply, remembers it, uses tools, asks people, and ends when told', async () => {
    const { api, sim } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'Please remember the word ocelot' });
    const streamed: string[] = [];
    for await (const seen of api.watch(id)) {
      if (seen.type === 'delta' && seen.data.kind === 'text') streamed.push(String(seen.data.text));
      if (seen.type === 'event' && seen.event.kind === 'lock') break;
    }
    expect(streamed.join('')).toBe('I will remember that.');
    expect(streamed.length).toBeGreaterThan(1);

    let at = await reply(id, 0, 'which word did I say?');
    const second = await api.until(id, ofKind('message'), at);
    expect(second.payload.text).toBe('You began with: Please remember the word ocelot');
    const asked = sim.requests
      .map((request) => JSON.stringify(request.body))
      .filter((body) => body.includes('which word'));
    expect(asked.at(-1)).toContain('remember the word ocelot');
    expect(asked.at(-1)).toContain('I will remember that.');

    at = await reply(id, at, 'now write a note');
    const note = await api.until(
      id,
      (event) => event.kind === 'message' && event.payload.text.includes('The note'),
      at,
    );
    expect(JSON.stringify(note.payload)).toContain('the moon is made of rock');

    at = await reply(id, at, 'run something');
    const tool = await api.until(id, ofKind('request'), at);
    expect(tool.payload.ask).toMatchObject({
      kind: 'tool',
      tool: 'Bash',
      input: { command: `python3 -c "print('it-%d ran at ' % (40 + 2) + open('/proc/self/oom_score_adj').read())"` },
    });
    expect((await api.execution(id)).status).toBe('awaiting');
    await api.answer(tool.payload.request, { decision: 'allow' });
    const ran = await api.until(id, ofKind('tool_result'), tool.seq);
    expect(ran.payload.text).toContain('it-42 ran at 1000');

    at = await reply(id, tool.seq, 'ask me something');
    const question = await api.until(id, ofKind('request'), at);
    await api.answer(question.payload.request, { answers: { 'Which colour?': 'Blue' } });
    const chosen = await api.until(id, ofKind('message'), question.seq);
    expect(chosen.payload.text).toContain('Blue');

    at = await reply(id, question.seq, '   ');
    at = await reply(id, at, 'Done');
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished', at);
    const ended = await api.execution(id);
    expect(ended.result?.body).toMatch(/Turns . 5/);
    expect(ended.usage.outputTokens).toBeGreaterThan(0);
  });

  it('tells Claude of a denial, and of its words', async () => {
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'run something' });
    const tool = await api.until(id, ofKind('request'));
    await api.answer(tool.payload.request, { decision: 'deny', message: 'not on my machine' });
    const result = await api.until(id, ofKind('tool_result'), tool.seq);
    expect(result.payload).toMatchObject({ isError: true, text: expect.stringContaining('not on my machine') });
    expect((await api.call('POST', `/executions/${id}/cancel`)).status).toBeLessThan(300);
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'cancelled');
    expect((await api.execution(id)).status).toBe('cancelled');
  });

  it('ends by itself in auto-complete mode, and shows nobody the marker', async () => {
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'finish by yourself', completion_mode: 'auto-complete' });
    let shown = '';
    for await (const seen of api.watch(id)) {
      shown += JSON.stringify(seen);
      if (seen.type === 'event' && seen.event.kind === 'status' && seen.event.payload.status === 'finished') break;
    }
    expect(shown).toContain('All done.');
    expect(shown).not.toContain('TASK_COMPLETE');
  });
});

describe('bad input', () => {
  it('is refused with the fields or the reason, and the request stays open', async () => {
    const { api } = setting;
    const empty = await api.call('POST', '/services/claude-hitl/executions', { inputs: { prompt: '' } });
    expect(empty).toMatchObject({ status: 422, body: { error: { fields: { prompt: [expect.any(String)] } } } });
    const unknown = await api.call('GET', '/executions/01890000-0000-7000-8000-000000000000');
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'not_found', fix: expect.any(String) } } });

    const id = await api.launch('claude-hitl', { prompt: 'run something' });
    const { payload } = await api.until(id, ofKind('request'));
    const nonsense = await api.call('POST', `/requests/${payload.request}/answer`, { inputs: { decision: 'maybe' } });
    expect(nonsense).toMatchObject({ status: 422, body: { error: { fields: { decision: [expect.any(String)] } } } });
    await api.answer(payload.request, { decision: 'allow' });
    const twice = await api.call('POST', `/requests/${payload.request}/answer`, { inputs: { decision: 'deny' } });
    expect(twice).toMatchObject({ status: 409, body: { error: { detail: expect.stringContaining('admin') } } });
    await api.call('DELETE', `/executions/${id}`);
    expect((await api.call('GET', `/executions/${id}`)).status).toBe(404);
  });

  it('refuses strangers', async () => {
    const { host } = setting;
    const response = await fetch(`${host.url}/api/v1/executions`);
    expect(response.status).toBe(401);
    const login = await fetch(`${host.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'admin', password: 'wrong' }),
    });
    expect(login.status).toBe(401);
    expect(await login.json()).toMatchObject({ error: { code: 'wrong_password' } });
  });
});
