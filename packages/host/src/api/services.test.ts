import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApiRig, startApiRig } from './api-rig.fixture.ts';

const root = join(import.meta.dirname, '../../../..');

let servicesDir: string;
let rig: ApiRig;
let call: ApiRig['call'];

beforeEach(async () => {
  servicesDir = mkdtempSync(join(tmpdir(), 'airlock-services-'));
  symlinkSync(join(root, 'node_modules'), join(servicesDir, 'node_modules'));
  cpSync(join(root, 'services/hello-form'), join(servicesDir, 'hello-form'), { recursive: true });
  rig = await startApiRig({ services: servicesDir, users: { root: 'admin', ada: 'member' } });
  ({ call } = rig);
});
afterEach(async () => {
  await rig.stop();
  rmSync(servicesDir, { recursive: true });
});

function change(from: string | RegExp, to: string): void {
  const path = join(servicesDir, 'hello-form', 'service.ts');
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
}

const launch = () => call('ada', 'POST', '/services/hello-form/executions', { inputs: { name: 'Ada', times: 1 } });

describe('POST /services/deploy', () => {
  it('serves what has changed, and tells which versions still have open executions', async () => {
    const { body } = await launch();
    const { hash } = (await call('ada', 'GET', `/executions/${body.id}`)).body;
    await rig.host.asked(body.id);
    change(/title: '/, "title: 'New ");
    const deployed = await call('root', 'POST', '/services/deploy', {});
    expect(deployed).toMatchObject({
      status: 200,
      body: { items: [{ service: 'hello-form', outcome: 'deployed', moved: 0, staying: 1, breaking: [] }] },
    });
    const service = (await call('ada', 'GET', '/services/hello-form')).body;
    expect(service).toMatchObject({ title: expect.stringMatching(/^New /), older: [{ hash, open: 1 }] });
    expect(service.hash).toBe(deployed.body.items[0].hash);
    expect(service.hash).not.toBe(hash);
    expect((await call('ada', 'GET', '/services')).body.items).toMatchObject([{ hash: service.hash }]);
  });

  it('is for administrators, and says what it does not know', async () => {
    expect(await call('ada', 'POST', '/services/deploy', {})).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
    expect((await call('root', 'POST', '/services/deploy', { service: 'nothing' })).status).toBe(404);
    expect((await call('root', 'POST', '/services/deploy', { force: true })).status).toBe(422);
  });
});
