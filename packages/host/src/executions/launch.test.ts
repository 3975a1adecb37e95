import { type ServiceManifest, servicePolicySchema } from '@airlock/protocol/service-channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createVersions } from '../versions/versions.ts';
import { launchExecution } from './launch.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let held: string[];
/** The form of the service changes with every launch. */
let defaults = 0;
beforeEach(async () => {
  temporary = await temporaryStore();
  held = [];
});
afterEach(() => temporary.remove());

const manifest: ServiceManifest = {
  name: 'test',
  title: 'Test',
  description: '',
  version: '1',
  tags: [],
  elements: [],
  policy: servicePolicySchema.parse({}),
};

const version = { service: 'test', hash: 'a'.repeat(64), folder: 'test', code: 'export {};' };

function launch(inputs: Record<string, string>, key?: string, user = 'ada') {
  const { store } = temporary;
  const log = createLog(store, () => new Date(0));
  const formFiles = { record: () => Promise.resolve() };
  const versions = createVersions(store, () => new Date(0));
  const sinks = { log, formFiles, versions, hold: (id: string) => void held.push(id), clock: () => new Date(0) };
  const owner = { owner: 'h', epoch: 1 };
  defaults += 1;
  return store.write((tx) =>
    launchExecution(
      tx,
      {
        id: newId(),
        current: { version, manifest },
        inputs: { ...inputs, added: `default ${defaults}` },
        given: inputs,
        user,
        key,
        owner,
      },
      sinks,
    ),
  );
}

describe('a launch', () => {
  it('Z1. is stored whole, with its owner, and held from then on', async () => {
    const { id, isNew } = await launch({ topic: 'tea' });
    expect(isNew).toBe(true);
    const row = await temporary.store.db.selectFrom('executions').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ id, status: 'starting', owner: 'h', epoch: 1, excerpt: 'tea', last_seq: 3 });
    expect(held).toEqual([id]);
  });

  it('V4. has its version in the store, also when that was removed', async () => {
    const { store } = temporary;
    const kept = () => store.db.selectFrom('service_versions').select(['service', 'hash', 'code']).execute();
    await launch({ topic: 'tea' });
    expect(await kept()).toEqual([{ service: 'test', hash: version.hash, code: version.code }]);
    await store.write((tx) => tx.db.deleteFrom('service_versions').execute());
    const { id } = await launch({ topic: 'coffee' });
    expect(await kept()).toHaveLength(1);
    const row = await store.db.selectFrom('executions').select('version').where('id', '=', id).executeTakeFirst();
    expect(row).toEqual({ version: version.hash });
  });

  it('Z2. is the one before when it is sent again, in whatever order its inputs come', async () => {
    const first = await launch({ a: '1', b: '2' }, 'key');
    expect(await launch({ b: '2', a: '1' }, 'key')).toEqual({ id: first.id, isNew: false });
    expect((await launch({ a: '1', b: '2' }, 'key', 'bob')).isNew).toBe(true);
    expect((await launch({ a: '1', b: '2' }, 'another')).isNew).toBe(true);
    expect((await launch({ a: '1', b: '2' })).isNew).toBe(true);
  });

  it('Z2. is refused under a key that launched something else', async () => {
    const { id } = await launch({ a: '1' }, 'key');
    await expect(launch({ a: '2' }, 'key')).rejects.toMatchObject({
      code: 'launch_conflict',
      detail: `It started execution ${id}`,
    });
  });
});
