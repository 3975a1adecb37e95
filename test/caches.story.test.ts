import type { Event } from '@airlock/protocol/events';
import Docker from 'dockerode';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ofKind } from './harness/api.ts';
import { containerOf, runIn, untilRemoved } from './harness/containers.ts';
import { errorOf } from './harness/endings.ts';
import { isState } from './harness/recall.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* Packages a service has ready for its conversations (K30 to K33). */

const use = `python3 -c 'import greeting; print(greeting.hello())' && cat /caches/wheels/stamp`;
const spoil = `cd /caches/wheels; touch new; echo x >>stamp; rm -f stamp; mv stamp other; mount -o remount,rw /caches/wheels; unshare -rm true`;
const bash = (command: string) =>
  `[{ blocks: [{ tool_use: { name: Bash, input: { command: ${JSON.stringify(command)} } } }] }, { say: "{{toolResult}}" }]`;
const script = `
scenarios:
  - when: { contains: use it }
    steps: ${bash(use)}
  - when: { contains: spoil it }
    steps: ${bash(spoil)}
  - when: { contains: make things }
    steps: ${bash('mkdir -p out/node_modules && cd out && touch a b.tmp node_modules/x && ls')}
`;

/** Makes a wheel once somebody puts \`go\` beside it. */
const fill = `
import os, time, uuid, zipfile
while not os.path.exists('go'): time.sleep(0.02)
with zipfile.ZipFile('greeting-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('greeting.py', 'def hello(): return "hello from a wheel"')
open('stamp', 'w').write(str(uuid.uuid4()))
open(os.environ['TMPDIR'] + '/left', 'w').write('x')
`;
const wheels = {
  name: 'wheels',
  fill: ['python3', '-c', fill],
  env: { PYTHONPATH: '/caches/wheels/greeting-1.0-py3-none-any.whl' },
};
const broken = {
  name: 'broken',
  fill: ['python3', '-c', 'import sys; open("some", "w"); print("\\x1b[31mno such package\\x1b[0m"); sys.exit(3)'],
};

const service = (name: string, cache: object) => `
import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
export default defineService({
  name: '${name}', title: '${name}', description: '', form: form({ prompt: text({ required: true }) }),
  async run(ctx) {
    const claude = await ctx.session('main', {
      caches: [${JSON.stringify(cache)}], hibernateMs: 1500, outExclude: ['node_modules/', '*.tmp'], rules: [{ decision: 'allow', tool: 'Bash' }],
    });
    const turn = await claude.send(ctx.inputs.prompt);
    const { again } = await ctx.lock('again', form({ again: text() }));
    return again ? (await claude.send(again)).text : turn.text;
  },
});
`;

const engine = new Docker();
const services = createServices({
  shared: service('shared', wheels),
  first: service('first', wheels),
  second: service('second', wheels),
  third: service('third', wheels),
  fourth: service('fourth', wheels),
  broken: service('broken', broken),
});
let setting: Setting;
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
  const id = await setting.api.launch('first', { prompt: 'use it' });
  await letGo(await untilFiller());
  await said(id);
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  services.remove();
});

const label = () => [`airlock.home=${setting.host.installation}`, 'airlock.kind=cache'];
const fillers = () => engine.listContainers({ all: true, filters: { label: label() } });
const volumes = async () => (await engine.listVolumes({ filters: { label: label() } })).Volumes ?? [];
const isFilling = (event: Event) => event.kind === 'session' && event.payload.detail === 'Filling the cache wheels';

/** The one container that fills a cache now, once its command runs. */
const untilFiller = (other = '') =>
  vi.waitFor(
    async () => {
      const [filler, ...more] = await fillers();
      if (filler?.State !== 'running' || filler.Id === other || more.length > 0) throw new Error('It does not run yet');
      return filler.Id;
    },
    { interval: 50, timeout: 30_000 },
  );

async function letGo(filler: string): Promise<void> {
  const exec = await engine.getContainer(filler).exec({ Cmd: ['touch', '/caches/wheels/go'], User: '1000:1000' });
  await exec.start({ Detach: true });
}

/** What Claude said in its last turn, once the service waits for people. */
async function said(id: string, after = 0): Promise<{ text: string; session: string; request: string; at: number }> {
  const { seq, payload } = await setting.api.until(id, ofKind('lock'), after);
  const events = await setting.api.events(id);
  const text = events.filter(ofKind('message')).at(-1)?.payload.text ?? '';
  return { text, session: events.find(ofKind('session'))?.payload.session ?? '', request: payload.request, at: seq };
}

describe('a cache', () => {
  it('K31. is filled once for all sessions of its service, which use it and find nothing else in it', async () => {
    const { api } = setting;
    const before = await volumes();
    const ids = [await api.launch('shared', { prompt: 'use it' }), await api.launch('shared', { prompt: 'use it' })];
    for (const id of ids) await api.until(id, isFilling);
    await letGo(await untilFiller());
    const [one, two] = await Promise.all(ids.map((id) => said(id)));
    expect(one?.text).toMatch(/^hello from a wheel\n[0-9a-f-]{36}$/);
    expect(two?.text).toBe(one?.text);
    expect([await fillers(), (await volumes()).length]).toEqual([[], before.length + 1]);
    const { body } = await api.call('GET', '/caches');
    expect(body.items).toContainEqual(
      expect.objectContaining({ service: 'shared', name: 'wheels', fill: wheels.fill }),
    );
    const third = await said(await api.launch('shared', { prompt: 'use it' }));
    expect(third.text).toBe(one?.text);
    expect(await runIn(third.session, 'ls -1A /caches /caches/wheels')).toBe(
      '/caches:\nwheels\n\n/caches/wheels:\ngo\ngreeting-1.0-py3-none-any.whl\nstamp',
    );
    expect((await api.session(third.session)).caches).toEqual([wheels]);
    const { HostConfig, Mounts } = await containerOf(third.session).inspect();
    expect(HostConfig.NetworkMode).toBe('none');
    expect(Mounts.map(({ Destination, RW }) => [Destination, RW])).toContainEqual(['/caches/wheels', false]);
  });

  it('cannot be changed by Claude, nor by anything it starts', async () => {
    const { text, session } = await said(await setting.api.launch('first', { prompt: 'spoil it' }));
    const refusals = text.split('\n').filter((line) => /Read-only file system|permitted|denied|superuser/.test(line));
    expect(refusals, text).toHaveLength(6);
    expect(await runIn(session, 'cat /caches/wheels/stamp')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await runIn(session, 'ls /caches/wheels')).not.toContain('new');
  });

  it('is shown to people with how it is filled, beside what is not kept as a result, and that something was not', async () => {
    const { api, host } = setting;
    const id = await api.launch('first', { prompt: 'make things' });
    const isLeftOut = (event: Event) => event.kind === 'debug' && event.payload.text.startsWith('2 files are not kept');
    await api.until(id, isLeftOut);
    const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    await signIn(page, host);
    await page.getByTestId('service-card-first').waitFor();
    await page.goto(`${host.url}/executions/${id}`);
    await page.getByTestId('tab-setup').click();
    const setup = await page.getByTestId('setup').textContent();
    expect(setup).toMatch(/Caches\s*\/caches\/wheels\s*filled by python3 -c .*PYTHONPATH=\/caches\/wheels\//s);
    expect(setup).toMatch(/Not kept as results\s*node_modules\/\s*\*\.tmp/);
    await page.getByTestId('tab-log').click();
    await page.getByText(/2 files are not kept as results.*out\/b\.tmp/).waitFor();
    expect((await api.events(id)).filter(isLeftOut)).toHaveLength(1);
    await page.context().close();
  });

  it('K32. that cannot be filled ends the execution with what its command printed, and leaves nothing', async () => {
    const { api } = setting;
    const before = (await volumes()).length;
    const { error } = await errorOf(api, await api.launch('broken', { prompt: 'use it' }));
    expect(error.code).toBe('cache_unfillable');
    expect(error.detail).toMatch(
      /^broken: `python3 -c .*` ended with code 3 after \d+ s\. It printed last:\nno such package$/s,
    );
    expect([await fillers(), (await volumes()).length]).toEqual([[], before]);
  });

  it.each(['kill', 'stop'] as const)(
    'K30. is filled anew, whole, when its host was ended by %s in the middle',
    async (how) => {
      const { api, host } = setting;
      const name = how === 'kill' ? 'second' : 'third';
      const before = await volumes();
      const id = await api.launch(name, { prompt: 'use it' });
      const filler = await untilFiller();
      const half = (await engine.getContainer(filler).inspect()).Mounts.map(({ Name }) => Name);
      await host[how]();
      if (how === 'stop') expect(await fillers()).toEqual([]);
      await host.start();
      const next = await untilFiller(filler);
      await letGo(next);
      const { text, at } = await said(id);
      expect(text).toMatch(/^hello from a wheel\n/);
      expect(await fillers()).toEqual([]);
      const names = (await volumes()).map(({ Name }) => Name);
      expect(names.some((each) => half.includes(each))).toBe(false);
      expect(names).toHaveLength(before.length + 1);
      expect((await api.events(id)).filter((event) => event.seq < at && isState('lost')(event))).toEqual([]);
    },
  );

  it('K33. is there for a session that wakes, and filled again when somebody has removed it meanwhile', async () => {
    const { api } = setting;
    const first = await api.launch('first', { prompt: 'use it' });
    const begun = await said(first);
    const { body } = await api.call('GET', '/caches');
    const items = body.items as { id: string; service: string }[];
    const { id = '' } = items.find(({ service: of }) => of === 'first') ?? {};
    const refused = await api.call('DELETE', `/caches/${id}`);
    expect([refused.status, refused.body]).toMatchObject([409, { error: { code: 'cache_in_use' } }]);
    await api.until(first, isState('hibernated'), begun.at);
    await untilRemoved(begun.session);
    await api.answer(begun.request, { again: 'use it' });
    await api.until(first, (event) => event.kind === 'status' && event.payload.status === 'finished');
    const messages = (await api.events(first)).filter(ofKind('message')).map(({ payload }) => payload.text);
    expect(messages).toEqual([begun.text, begun.text]);

    const second = await api.launch('first', { prompt: 'use it' });
    const slept = await said(second);
    await api.until(second, isState('hibernated'), slept.at);
    await untilRemoved(slept.session);
    await vi.waitFor(async () => expect((await api.call('DELETE', `/caches/${id}`)).status).toBe(204), {
      interval: 100,
      timeout: 30_000,
    });
    await api.answer(slept.request, { again: 'use it' });
    await api.until(second, isFilling, slept.at);
    await letGo(await untilFiller());
    await api.until(second, (event) => event.kind === 'status' && event.payload.status === 'finished');
    const again = (await api.events(second)).filter(ofKind('message')).at(-1)?.payload.text;
    expect(again).toMatch(/^hello from a wheel\n/);
    expect(again).not.toBe(slept.text);
  });

  it('is filled for the next, though the execution that wanted it was cancelled meanwhile', async () => {
    const { api } = setting;
    const id = await api.launch('fourth', { prompt: 'use it' });
    const filler = await untilFiller();
    expect((await api.call('POST', `/executions/${id}/cancel`)).status).toBe(204);
    await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'cancelled');
    await letGo(filler);
    await vi.waitFor(async () => expect(await fillers()).toEqual([]), { interval: 50, timeout: 30_000 });
    const next = await api.launch('fourth', { prompt: 'use it' });
    expect((await said(next)).text).toMatch(/^hello from a wheel\n/);
    expect((await api.events(next)).filter(isFilling)).toEqual([]);
  });
});

describe('a container started ahead of time', () => {
  it('has the caches of its service once they are filled', async () => {
    const { api, host } = setting;
    await host.stop();
    await host.start({ AIRLOCK_WARM: '1' });
    await said(await api.launch('first', { prompt: 'use it' }));
    await vi.waitFor(
      async () => {
        const { body } = await api.call('GET', '/system');
        expect(body.warm).toMatchObject({ count: 1 });
      },
      { interval: 50, timeout: 30_000 },
    );
    const id = await api.launch('first', { prompt: 'use it' });
    expect((await said(id)).text).toMatch(/^hello from a wheel\n/);
    const [{ payload } = { payload: undefined }] = (await api.events(id)).filter(ofKind('session'));
    expect(payload?.detail).toBe('In a container that was started ahead of time');
  });
});
