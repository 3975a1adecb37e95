import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofKind } from './harness/api.ts';
import { untilRemoved } from './harness/containers.ts';
import { errorOf, reply } from './harness/endings.ts';
import { root } from './harness/host.ts';
import { createServices } from './harness/services.ts';
import { createSetting, type Setting } from './harness/setting.ts';

const MiB = 1024 ** 2;
const script = `
scenarios:
  - when: { contains: one large file }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "head -c ${60 * MiB} /dev/zero >/workspace/large" } } }]
      - say: "The tool said: {{toolResult}}"
  - when: { contains: many files }
    steps:
      - blocks:
          - tool_use: { name: Bash, input: { command: "for n in 1 2 3; do head -c ${30 * MiB} /dev/zero >/workspace/$n; done" } }
      - blocks: [{ gate: full }, { text: You will not read this. }]
`;

const flow = "import { defineService } from '@airlock/flow/service';\nimport { form, text } from '@airlock/flow/form';";
const service = (name: string, run: string, before = '') => `${flow}\n${before}
export default defineService({
  name: '${name}', title: '${name}', description: '', form: form({ word: text() }),
  async run(ctx) { ${run} },
});`;

const services = createServices({
  small: `import { claudeHitl } from '${join(root, 'services/claude-hitl/service.ts')}';
export default claudeHitl({ workspaceBytes: ${50 * MiB} });`,
  unreadable: 'export default {{{',
  faulty: "throw new Error('the module is at fault');",
  other: 'export default 42;',
  throws: service('throws', "await ctx.tracer.text('so far'); throw new Error('the run is at fault');"),
  'exits-once': service(
    'exits-once',
    "await ctx.tracer.text('before'); await ctx.now(); if (!existsSync(mark)) { writeFileSync(mark, ''); process.exit(3); } return 'after';",
    "import { existsSync, writeFileSync } from 'node:fs';\nconst mark = new URL('mark', import.meta.url);",
  ),
});

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting(script, { env: { AIRLOCK_SERVICES: services.dir } });
});
afterAll(async () => {
  await setting?.remove();
  services.remove();
});

const isFinished = (event: { kind: string; payload: unknown }) =>
  event.kind === 'status' && (event.payload as { status: string }).status === 'finished';

describe('the limits of a workspace', () => {
  it('a file that is too large is an error of the tool, and the conversation goes on', async () => {
    const { api } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'one large file' });
    const ask = await api.until(id, ofKind('request'));
    await api.answer(ask.payload.request, { decision: 'allow' });
    const result = await api.until(id, ofKind('tool_result'), ask.seq);
    expect(result.payload).toMatchObject({ isError: true });
    await reply(api, id, result.seq, 'done');
    await api.until(id, isFinished, result.seq);
  });

  it('too much in all ends the session as workspace_full', async () => {
    const { api, sim } = setting;
    const id = await api.launch('claude-hitl', { prompt: 'many files' });
    const ask = await api.until(id, ofKind('request'));
    await api.answer(ask.payload.request, { decision: 'allow' });
    await sim.control.gates.arrival('full');
    const { error } = await errorOf(api, id);
    expect(error).toMatchObject({ code: 'workspace_full', detail: expect.stringContaining('its limit is 50 MiB') });
    await untilRemoved(ask.payload.session);
  });
});

describe('a service that cannot be used', () => {
  it.each([
    ['unreadable', /Expression expected|Unexpected token|SyntaxError/],
    ['faulty', /the module is at fault/],
    ['other', /no default export/],
  ])('%s is listed with the reason, and cannot be started', async (name, reason) => {
    const { api } = setting;
    const { body } = await api.call('GET', '/services');
    const listed = (body.items as { name: string }[]).find((item) => item.name === name);
    expect(listed).toMatchObject({ state: 'unusable', problem: expect.stringMatching(reason) });
    const refused = await api.call('POST', `/services/${name}/executions`, { inputs: {} });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'service_not_loaded' } } });
  });
});

describe('a service that fails', () => {
  it('by throwing: the execution ends as an error with its message', async () => {
    const { api } = setting;
    const { error, events } = await errorOf(api, await api.launch('throws', {}));
    expect(error).toMatchObject({ code: 'service_failed', detail: expect.stringContaining('the run is at fault') });
    expect(events.filter(ofKind('action'))).toHaveLength(1);
  });

  it('by ending its process once: the execution goes on in the next', async () => {
    const { api } = setting;
    const id = await api.launch('exits-once', {});
    await api.until(id, isFinished);
    const events = await api.events(id);
    expect(events.filter(ofKind('action'))).toHaveLength(1);
    expect(events.find(ofKind('final'))?.payload).toMatchObject({ body: 'after' });
  });
});
