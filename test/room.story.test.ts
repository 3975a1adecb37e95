import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { runCrowd } from './harness/crowd.ts';
import { errorOf } from './harness/endings.ts';
import { root } from './harness/host.ts';
import { isState, textsOf } from './harness/recall.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';
import { signIn } from './harness/sign-in.ts';
import { launchBrowser } from './setup/browser.ts';

const script = `
scenarios:
  - when: { contains: one of a crowd }
    steps: [{ say: You are one of many. }]
  - when: { contains: again }
    steps: [{ say: "You are still the same: {{firstPrompt}}" }]
`;

const services = createServices({
  'claude-hitl': `export { default } from '${join(root, 'services/claude-hitl/service.ts')}';`,
  few: `import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
export default defineService({
  name: 'few', title: 'Few', description: '', form: form({}),
  async run(ctx) {
    const claude = await ctx.session('main', { atOnce: 1 });
    await claude.send('one of a crowd');
    await ctx.lock('look', form({ word: text({ required: true }) }));
    await claude.send('again');
    await claude.end();
  },
});`,
  large: `import { form } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';
export default defineService({
  name: 'large', title: 'Large', description: '', form: form({}),
  async run(ctx) { await ctx.session('main', { cpus: 3.5 }); },
});`,
});

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir, AIRLOCK_MAX_CPUS: '3' } });
});
afterAll(async () => {
  await setting?.remove();
  services.remove();
});

describe('more conversations than there is room for', () => {
  it('are served in order, three at a time, over the death of a host, and people see their place', async () => {
    const { api, host } = setting;
    const { events, mostContainers, mostQueued, mostDisplaced } = await runCrowd(setting, {
      count: 12,
      replies: 4,
      async onQueued(executions) {
        const last = executions.at(-1) ?? '';
        const { payload } = await api.until(last, isState('queued'));
        expect(payload).toMatchObject({ detail: expect.stringMatching(/^\d+ before it$/) });
        const { queue } = await api.execution(last);
        expect(queue).toBeGreaterThan(3);
        await seeQueued(last);
        await host.kill();
        await host.start();
        expect((await api.execution(last)).queue).toBeGreaterThan(1);
      },
    });
    expect(mostContainers).toBeLessThanOrEqual(3);
    expect(mostQueued).toBeGreaterThan(3);
    expect(mostDisplaced).toBeLessThanOrEqual(3);
    for (const [n, log] of events.entries()) {
      const told = n < 4 ? [`You are still the same: one of a crowd, number ${n}`] : [];
      expect(textsOf([...log])).toEqual(['You are one of many.', ...told]);
      expect(log.filter(ofKind('turn'))).toHaveLength(1 + told.length);
      expect(log.filter(isState('lost'))).toEqual([]);
    }
    expect(events.flat().filter(isState('hibernated')).length).toBeGreaterThanOrEqual(9);
  });

  it('has no more of a service at once than that wants, and others beside them', async () => {
    const { api } = setting;
    const [first, second] = [await api.launch('few', {}), await api.launch('few', {})];
    const looks = [await api.until(first, ofKind('lock'))];
    expect((await api.until(second, isState('queued'))).payload).toMatchObject({ detail: '0 before it' });
    const other = await api.launch('claude-hitl', { prompt: 'one of a crowd, beside them' });
    await api.until(other, ofKind('lock'));
    // It gives up its container for the one that waits, and waits for it in turn.
    await api.until(first, isState('hibernated'));
    looks.push(await api.until(second, ofKind('lock')));
    for (const { payload } of looks) await api.answer(payload.request, { word: 'go' });
    for (const id of [first, second]) {
      await api.until(id, (event) => event.kind === 'status' && event.payload.status === 'finished');
      const events = await api.events(id);
      expect(textsOf(events)).toEqual(['You are one of many.', 'You are still the same: one of a crowd']);
      expect(events.filter(isState('lost'))).toEqual([]);
    }
    await api.call('POST', `/executions/${other}/cancel`);
  });

  it('refuses one that is larger than all of it', async () => {
    const { error } = await errorOf(setting.api, await setting.api.launch('large', {}));
    expect(error).toMatchObject({ code: 'session_too_large', detail: expect.stringContaining('3.5 CPUs') });
  });
});

/** The panel says how many are before an execution. */
async function seeQueued(execution: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await signIn(page, setting.host);
    await page.getByTestId('login-submit').waitFor({ state: 'detached' });
    await page.goto(`${setting.host.url}/executions/${execution}`);
    const note = page.getByTestId('progress-note');
    await note.waitFor();
    expect(await note.textContent()).toMatch(/^Waits for room: \d+ before it$/);
    await page.getByText('Waits for room for its container').waitFor();
  } finally {
    await browser.close();
  }
}
