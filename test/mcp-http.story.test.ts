import { readFileSync } from 'node:fs';
import type { Event } from '@airlock/protocol/events';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { errorOf, filesBelow } from './harness/endings.ts';
import { startMcpServer, type TestMcpServer } from './harness/mcp-server.ts';
import { runHost } from './harness/programs.ts';
import { searchAsRoot } from './harness/search-as-root.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';

/* An MCP server the container cannot reach, and the host can: with a token the container never sees. */

const around = `import os, urllib.request
try: print(urllib.request.urlopen(os.environ["ANTHROPIC_BASE_URL"] + "/mcp/issues", b"{}").status)
except Exception as e: print(e.code, e.read().decode())`;
const script = `
scenarios:
  - when: { contains: create one }
    steps:
      - blocks: [{ tool_use: { name: mcp__issues__create, input: { title: leak } } }]
      - say: "It said: {{toolResult}}"
  - when: { contains: create it again }
    steps:
      - blocks: [{ tool_use: { name: mcp__issues__create, input: { title: second } } }]
      - say: "Then: {{toolResult}}"
  - when: { contains: go around }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: ${JSON.stringify(`python3 -c '${around}'`)} } } }]
      - say: "It said: {{toolResult}}"
  - when: { contains: use hold_open }
    steps:
      - blocks: [{ tool_use: { name: mcp__issues__hold_open, input: { title: begun } } }]
      - say: "It said: {{toolResult}}"
  - when: { contains: use hold }
    steps:
      - blocks: [{ tool_use: { name: mcp__issues__hold, input: { title: not begun } } }]
      - say: "It said: {{toolResult}}"
`;
const token = 'token-of-the-issues-0123456789';
const wrongToken = 'token-of-somebody-else-0123';

/** A service that says every line of its prompt to Claude. */
function talk(name: string, url: string, { secret = 'ISSUES_TOKEN', rules = '[]' } = {}): string {
  return `
import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
export default defineService({
  name: '${name}', title: '${name}', description: '', form: form({ prompt: text({ required: true }) }),
  async run(ctx) {
    const claude = await ctx.session('main', {
      mcpServers: { issues: { url: '${url}', headers: { authorization: 'Bearer {{${secret}}}' } } },
      rules: ${rules},
    });
    const said = [];
    for (const line of ctx.inputs.prompt.split(';')) said.push((await claude.send(line)).text);
    return said.join(' ');
  },
});`;
}

let mcp: TestMcpServer;
let services: ReturnType<typeof createServices>;
let setting: Setting;
let env: Record<string, string>;

beforeAll(async () => {
  mcp = await startMcpServer(token);
  services = createServices({
    asked: talk('asked', mcp.url),
    free: talk('free', mcp.url, { rules: "[{ decision: 'allow', tool: 'mcp__issues__*' }]" }),
    wrong: talk('wrong', mcp.url, { secret: 'WRONG_TOKEN' }),
    missing: talk('missing', mcp.url, { secret: 'FORGOTTEN' }),
    elsewhere: talk('elsewhere', 'http://127.0.0.1:9/mcp'),
  });
  env = {
    AIRLOCK_SERVICES: services.dir,
    AIRLOCK_SECRET_ISSUES_TOKEN: token,
    AIRLOCK_SECRET_HOSTS_ISSUES_TOKEN: mcp.host,
    AIRLOCK_SECRET_WRONG_TOKEN: wrongToken,
    AIRLOCK_SECRET_HOSTS_WRONG_TOKEN: mcp.host,
  };
  setting = await createSetting(script, { env });
});
afterAll(async () => {
  await setting?.remove();
  services?.remove();
  await mcp?.close();
});

const start = (service: string, prompt: string) => setting.api.launch(service, { prompt });
const finalOf = async (id: string) => String((await setting.api.until(id, ofKind('final'))).payload.body);
const warnings = (events: Event[]) => events.filter(ofKind('stderr')).map(({ payload }) => payload.text);
const unknown = /its outcome is unknown: it may or may not have taken effect/;

/** Of the processes a host has started, services among them. */
function environmentsBelow(pid: number): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.flatMap((child) => [
    readFileSync(`/proc/${child}/environ`, 'utf8'),
    ...environmentsBelow(Number(child)),
  ]);
}

describe('an MCP server reached through the gateway', () => {
  it('is asked about like any other, and runs once, with a token that is nowhere but there', async () => {
    const { api, host } = setting;
    const id = await start('asked', 'create one');
    const asked = await api.until(id, ofKind('request'));
    expect(asked.payload.ask).toMatchObject({
      tool: 'mcp__issues__create',
      input: { title: 'leak' },
      mcpServer: { name: 'issues', source: 'dynamic' },
    });
    const container = `claude-session-${asked.payload.session}`;
    const { found } = await searchAsRoot(container, { token, url: mcp.url, prompt: 'create one' });
    expect(found).toEqual(expect.arrayContaining(['prompt: claude memory', 'prompt: node memory']));
    expect(found.filter((each) => !each.startsWith('prompt:'))).toEqual([]);
    expect(JSON.stringify(await new Docker().getContainer(container).inspect())).not.toContain(token);
    const environments = environmentsBelow(host.pid);
    expect(environments.some((each) => each.includes('NODE_COMPILE_CACHE='))).toBe(true);
    expect(environments.filter((each) => each.includes('AIRLOCK_SECRET'))).toEqual([]);

    await api.answer(asked.payload.request, { decision: 'allow' });
    expect(await finalOf(id)).toBe('It said: Created leak as [secret]');
    expect(mcp.done).toEqual(['leak']);
    expect(new Set(mcp.requests.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${token}`]));
    expect(mcp.requests.some(({ method }) => method === 'GET')).toBe(true);
    const events = await api.events(id);
    expect(warnings(events)).toEqual([]);
    expect(JSON.stringify(events)).not.toContain(token);
    expect(host.output()).not.toContain(token);
    const holders = [...filesBelow(host.home)].filter(([, text]) => text.includes(token)).map(([path]) => path);
    expect(holders).toEqual([]);
  });

  it('cannot be used past Claude, by what runs in the container', async () => {
    const { api } = setting;
    const id = await start('asked', 'go around');
    const asked = await api.until(id, ofKind('request'));
    await api.answer(asked.payload.request, { decision: 'allow' });
    expect(await finalOf(id)).toContain('It said: 403 Only Claude may use this server');
  });

  it('that refuses the token is told plainly, and the conversation goes on', async () => {
    const { api, host } = setting;
    const before = mcp.requests.length;
    const id = await start('wrong', 'create one');
    expect(await finalOf(id)).toContain('No such tool available');
    const events = await api.events(id);
    const words = `refuses the credentials (401 from ${mcp.host}): check its headers and AIRLOCK_SECRET_WRONG_TOKEN`;
    expect(warnings(events)).toEqual([`The MCP server issues ${words}`]);
    // Claude does not look for a place to sign in.
    expect(new Set(mcp.requests.slice(before).map(({ method }) => method))).toEqual(new Set(['POST']));
    expect(JSON.stringify(events)).not.toContain(wrongToken);
    const log = [...filesBelow(host.home)].filter(([, text]) => text.includes(wrongToken));
    expect(log.map(([path]) => path)).toEqual([]);
  });

  it('that is gone when it is called is told plainly, and works again when it is back', async () => {
    const { api } = setting;
    const id = await start('asked', 'create one;create it again');
    const first = await api.until(id, ofKind('request'));
    await mcp.close();
    await api.answer(first.payload.request, { decision: 'allow' });
    const result = await api.until(id, ofKind('tool_result'), first.seq);
    const words = `The MCP server issues: ${mcp.host} refuses connections`;
    expect(result.payload).toMatchObject({ isError: true, text: expect.stringContaining(words) });
    await mcp.open();
    const second = await api.until(id, ofKind('request'), result.seq);
    await api.answer(second.payload.request, { decision: 'allow' });
    expect(await finalOf(id)).toMatch(/refuses connections.* Then: Created second as \[secret\]$/s);
    expect(warnings(await api.events(id))).toEqual([words]);
  });

  it.each([
    ['has not begun', 'use hold', 'not begun'],
    ['has begun', 'use hold_open', 'begun'],
  ])('is not called twice when the host dies while an answer %s: Claude is told at once', async (_, prompt, title) => {
    const { host } = setting;
    const id = await start('free', prompt);
    await mcp.underWay(title);
    await host.kill();
    await host.start();
    expect(await finalOf(id)).toMatch(unknown);
    expect(mcp.done.filter((each) => each === title)).toEqual([title]);
  });
});

describe('a secret', () => {
  it.each([
    ['that is not set', 'missing', 'AIRLOCK_SECRET_FORGOTTEN is not set; the MCP server issues wants it'],
    ['for another place', 'elsewhere', 'AIRLOCK_SECRET_HOSTS_ISSUES_TOKEN does not name 127.0.0.1:9, where'],
  ])('%s fails the session before there is one, and names the setting', async (_, service, words) => {
    const { error, events } = await errorOf(setting.api, await start(service, 'create one'));
    expect(error).toMatchObject({ code: 'secret_unusable', detail: expect.stringContaining(words) });
    expect(events.filter(ofKind('session'))).toEqual([]);
  });

  it('is named by the doctor, with its places', async () => {
    const { stdout } = await runHost(setting.host.home, env, 'doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { name: string; detail: string }[] };
    const detail = `ISSUES_TOKEN for ${mcp.host}; WRONG_TOKEN for ${mcp.host}`;
    expect(checks).toContainEqual({ name: 'secrets', state: 'ok', detail });
    expect(stdout).not.toContain(token);
  });

  it('without a place stops the start, and is not quoted', async () => {
    const { code, stderr } = await runHost(setting.host.home, { AIRLOCK_SECRET_A: token }, 'serve', '--yes');
    expect([code, stderr]).toEqual([1, expect.stringContaining('AIRLOCK_SECRET_HOSTS_A: must name the hosts')]);
    expect(stderr).not.toContain(token);
  });
});
