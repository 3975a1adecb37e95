import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runCommand } from './harness/programs.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

/* A service that changes while conversations of its executions are open, on a real host with real containers. */

const script = `
scenarios:
  - when: { contains: more }
    steps: [{ say: Second reply }]
  - steps: [{ say: First reply }]
`;

/** A conversation of two turns with a question between them. */
const talk = (version: string, question = 'Go on?') => `
import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

export default defineService({
  name: 'talk', title: 'Talk', description: 'Two turns with Claude.', version: '${version}', form: form({}),
  async run(ctx) {
    const claude = await ctx.session('main');
    await claude.send('hello');
    const { response } = await ctx.lock('more', form({ response: text({ label: '${question}' }) }));
    const { text: said } = await claude.send(response);
    await claude.end();
    return said + ' (' + '${version}' + ')';
  },
});`;

const services = createServices({ talk: talk('1.0.0') });
let setting: Setting;
let browser: Browser;

const deploy = (source: string) => writeFileSync(join(services.dir, 'talk', 'service.ts'), source);
const airlock = (...args: string[]) => runCommand(setting.host.home, ...args);

beforeAll(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await setting?.remove();
  services.remove();
});

/** An execution that asks whether to go on. */
async function asking(): Promise<{ id: string; request: string; session: string }> {
  const { api } = setting;
  const id = await api.launch('talk', {});
  const { payload } = await api.until(id, ofKind('prompt'));
  const lock = await api.until(id, ofKind('lock'));
  return { id, request: lock.payload.request, session: payload.session };
}

async function finalOf({ id, request }: { id: string; request: string }): Promise<unknown> {
  await setting.api.answer(request, { response: 'more' });
  return (await setting.api.until(id, ofKind('final'))).payload;
}

describe('a new version of a service', () => {
  it('serves new executions, while a conversation of the old one goes on with it, over a killed host', async () => {
    const old = await asking();
    deploy(talk('2.0.0'));
    const deployed = await airlock('deploy');
    expect([deployed.code, deployed.stdout]).toEqual([
      0,
      expect.stringMatching(/^✓ talk: 2\.0\.0 \([0-9a-f]{12}\)\n {2}1 open execution keeps its version; --move moves/),
    ]);
    await setting.host.kill();
    await setting.host.start();
    const listed = await airlock('services');
    expect(listed.stdout).toMatch(/^talk {2}2\.0\.0 .*\ntalk 1\.0\.0 \([0-9a-f]{12}\) still has 1 open execution\n$/);
    const young = await asking();
    expect(await finalOf(old)).toMatchObject({ body: 'Second reply (1.0.0)' });
    expect(await finalOf(young)).toMatchObject({ body: 'Second reply (2.0.0)' });
    const sessions = (await setting.api.events(old.id)).filter(ofKind('prompt')).map(({ payload }) => payload.session);
    expect(new Set(sessions)).toEqual(new Set([old.session]));
    expect((await airlock('services')).stdout).toMatch(/^talk {2}2\.0\.0 [^\n]*\n$/);
  });

  it('takes waiting executions along when it can go on with all of them, and is refused with the list otherwise', async () => {
    const waiting = await asking();
    deploy(talk('3.0.0', 'Something else?'));
    const refused = await airlock('deploy', 'talk', '--move');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/^✗ talk: refused, 2\.0\.0 \([0-9a-f]{12}\) serves on\n/);
    expect(refused.stdout).toContain(`  execution ${waiting.id}, request ${waiting.request}\n`);
    expect(refused.stdout).toMatch(/Go on\?.*Something else\?/);
    deploy(talk('3.0.1'));
    const moved = await airlock('deploy', 'talk', '--move');
    expect([moved.code, moved.stdout]).toEqual([
      0,
      expect.stringMatching(/^✓ talk: 3\.0\.1 \([0-9a-f]{12}\)\n {2}1 open execution goes on with it\n$/),
    ]);
    expect(await finalOf(waiting)).toMatchObject({ body: 'Second reply (3.0.1)' });
  });

  it('that does not load is not served, and the panel says so; one that is removed is, until its last one ends', async () => {
    const waiting = await asking();
    deploy('export default {');
    expect((await airlock('deploy')).code).toBe(1);
    const page = await browser.newPage({ baseURL: setting.host.url });
    await signIn(page, setting.host);
    const card = page.getByTestId('service-card-talk');
    await card.getByText('Its newest source is not served.').waitFor();
    await card.getByText('v3.0.1').waitFor();
    rmSync(join(services.dir, 'talk'), { recursive: true });
    expect((await airlock('deploy')).stdout).toBe('✓ talk: removed\n  1 open execution keeps its version\n');
    await page.reload();
    await card.getByText('It was removed. Its open executions go on').waitFor();
    await card.getByText('1 open execution keeps v3.0.1').waitFor();
    expect(await finalOf(waiting)).toMatchObject({ body: 'Second reply (3.0.1)' });
    await page.reload();
    await page.getByText('No services yet').waitFor();
    await page.close();
  });
});
