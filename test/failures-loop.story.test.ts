import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Api, apiOf, ofKind } from './harness/api.ts';
import { errorOf, reply } from './harness/endings.ts';
import { startHost, type TestHost } from './harness/host.ts';
import { createServices } from './harness/services.ts';

const services = createServices({
  fragile: `import { defineService } from '@airlock/flow/service';
import { form, text } from '@airlock/flow/form';
export default defineService({
  name: 'fragile', title: 'Fragile', description: '', form: form({ mode: text() }),
  async run(ctx) {
    if (ctx.inputs.mode === 'waits') return (await ctx.lock('asked', form({ response: text() }))).response;
    await ctx.tracer.text('before');
    await ctx.now();
    process.exit(3);
  },
});`,
});

let host: TestHost;
let api: Api;
beforeAll(async () => {
  host = await startHost({ env: { AIRLOCK_SERVICES: services.dir } });
  api = apiOf(host);
});
afterAll(async () => {
  await host?.remove();
  services.remove();
});

it('an execution that ends its process whenever it runs ends as an error; others of the service go on', async () => {
  const other = await api.launch('fragile', { mode: 'waits' });
  const lock = await api.until(other, ofKind('lock'));
  const { error } = await errorOf(api, await api.launch('fragile', { mode: 'exits' }));
  expect(error).toMatchObject({ code: 'service_failed', detail: expect.stringContaining('exit code 3') });
  await reply(api, other, lock.seq - 1, 'still here');
  const final = await api.until(other, ofKind('final'));
  expect(final.payload).toMatchObject({ body: 'still here' });
});
