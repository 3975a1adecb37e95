import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, runIn } from './harness/containers.ts';
import { reply } from './harness/endings.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* People who step in while Claude works: a word, a stop, another way to work. */

const script = `
scenarios:
  - when: { contains: by the way }
    steps: [{ say: "Taken up" }]
  - when: { contains: wait for it }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "until [ -e /workspace/go ]; do sleep 0.05; done; echo went" } } }]
      - say: "It {{toolResult}}"
  - when: { contains: write a file }
    steps:
      - blocks: [{ tool_use: { name: Write, input: { file_path: /tmp/file.txt, content: text } } }]
      - say: "Wrote: {{toolResult}}"
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

/** A conversation whose tool waits for a file. */
async function waiting(): Promise<{ id: string; session: string; seq: number }> {
  const { api } = setting;
  const id = await api.launch('claude-hitl', { prompt: 'wait for it' });
  await page.goto(`${setting.host.url}/executions/${id}`);
  const { seq, payload } = await api.until(id, ofKind('tool_use'));
  return { id, session: payload.session, seq };
}

const letGo = (session: string) => runIn(session, 'touch /workspace/go');

describe('while Claude works', () => {
  it('a word is taken up in the same turn', async () => {
    const { api } = setting;
    const { id, session } = await waiting();
    await page.getByTestId('steer-text').fill('by the way, hurry <b>up</b>');
    await page.getByTestId('steer-say').click();
    await page.getByTestId('prompt').getByText('by the way, hurry <b>up</b>').waitFor();
    expect(await page.getByTestId('steer-text').inputValue()).toBe('');
    await letGo(session);
    const turn = await api.until(id, ofKind('turn'));
    expect(turn.payload.text).toBe('Taken up');
    const said = (await api.events(id)).filter(ofKind('prompt')).map(({ payload }) => [payload.text, payload.by]);
    expect(said).toEqual([
      ['wait for it', undefined],
      ['by the way, hurry <b>up</b>', 'admin'],
    ]);
    await reply(api, id, 0, 'done');
    await api.until(id, ofKind('final'));
  });

  it('a stop ends the turn and not the conversation, and the tool is gone', async () => {
    const { api } = setting;
    const { id, session } = await waiting();
    await page.getByTestId('steer-stop').click();
    await page.getByText('Stopped · by admin').waitFor();
    const turn = await api.until(id, ofKind('turn'));
    expect(turn.payload).toMatchObject({ interrupted: true, text: '' });
    await page.getByTestId('field-response').waitFor();
    const { Processes } = (await containerOf(session).top()) as { Processes: string[][] };
    expect(Processes.flat().join(' ')).not.toContain('/workspace/go');
    let at = await reply(api, id, turn.seq, 'and now write a file');
    const asked = await api.until(id, ofKind('request'), at);
    await api.answer(asked.payload.request, { decision: 'allow' });
    at = await reply(api, id, asked.seq, 'done');
    await api.until(id, ofKind('final'), at);
  });
});

describe('how Claude works', () => {
  it('is changed in the middle of a conversation, and only by those who may', async () => {
    const { api, sim } = setting;
    const { id, session, seq } = await waiting();
    await page.getByTestId('steer-mode').selectOption('acceptEdits');
    await page.getByText('Changed · mode: acceptEdits, by admin').waitFor();
    expect(await api.call('PATCH', `/sessions/${session}`, { effort: 'low' })).toMatchObject({ status: 204 });
    await letGo(session);
    await reply(api, id, seq, 'hello again');
    await api.until(id, ofKind('turn'), (await api.until(id, ofKind('turn'))).seq);
    expect(sim.requests.at(-1)?.body).toMatchObject({ output_config: { effort: 'low' } });
    expect(await api.call('PATCH', `/sessions/${session}`, {})).toMatchObject({ status: 422 });
    expect(await api.call('PATCH', `/sessions/${session}`, { permissionMode: 'bypassPermissions' })).toMatchObject({
      status: 422,
    });
    expect(await api.call('POST', `/sessions/${session}/messages`, { text: ' ' })).toMatchObject({ status: 422 });
    const last = await api.until(id, ofKind('lock'), (await api.events(id)).at(-3)?.seq ?? 0);
    await api.answer(last.payload.request, { response: 'done' });
    await api.until(id, ofKind('final'));
    expect(await api.call('POST', `/sessions/${session}/interrupt`)).toMatchObject({
      status: 409,
      body: { error: { code: 'session_ended' } },
    });
  });
});
