import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryStore } from '../store/temporary.ts';
import { type HostRig, startHostRig } from './host-rig.fixture.ts';
import { ServicesDir } from './pool/fixtures/services-dir.ts';

/* Services that change while executions of theirs are open, in real processes. */

const ann = { name: 'ann', role: 'admin' } as const;

interface Source {
  readonly says?: string;
  readonly asks?: string;
  readonly label?: string;
  readonly name?: string;
}

/** A service that asks once, and then tells which version it is. */
const changing = ({ says = 'one', asks = 'ask', label = 'Word', name = 'changing' }: Source = {}) => `
import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

export default defineService({
  name: '${name}',
  title: 'Changing',
  description: '',
  version: '${says}',
  form: form({ topic: text() }),
  async run(ctx) {
    if (ctx.inputs.topic === 'busy') await new Promise((resolve) => setInterval(resolve, 1_000_000));
    const { word } = await ctx.lock('${asks}', form({ word: text({ label: '${label}', required: true }) }));
    return word + ' ' + '${says}';
  },
});
`;

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let folder: ServicesDir;
let host: HostRig;

const home = () => join(folder.dir, 'home');

async function start(): Promise<void> {
  host = await startHostRig({ store: temporary.store, services: folder.dir, env: folder.env, home: home() });
}

async function restart(): Promise<void> {
  await host.stop();
  await start();
}

beforeEach(async () => {
  temporary = await temporaryStore();
  folder = new ServicesDir();
  folder.write('changing', changing());
  await start();
});
afterEach(async () => {
  await host.stop();
  await temporary.remove();
  folder.remove();
});

/** An execution that waits for an answer, written down as waiting. */
async function waiting(): Promise<{ id: string; request: string }> {
  const id = await host.launch('changing', {});
  const request = await host.asked(id);
  for (;;) {
    await host.executions.check();
    const row = await temporary.store.db
      .selectFrom('executions')
      .select(['parked', 'next_outcome'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (row.parked === row.next_outcome) return { id, request };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function answered({ id, request }: { id: string; request: string }, word = 'said by'): Promise<unknown> {
  await host.inbox.answer(request, { word }, ann);
  return (await host.ended(id)).result?.body;
}

const deploy = (move = false) => host.executions.deploy({ service: undefined, move }, 'ann');
const listed = async () => await host.executions.services.list();

describe('an execution', () => {
  it('V6. goes on with the version it began with, beside those of the next one, before and after a restart', async () => {
    const [first, second] = [await waiting(), await waiting()];
    folder.write('changing', changing({ says: 'two', asks: 'other' }));
    expect(await deploy()).toMatchObject([{ service: 'changing', outcome: 'deployed', version: 'two', staying: 2 }]);
    const third = await waiting();
    expect(await answered(first)).toBe('said by one');
    await restart();
    expect(await answered(second)).toBe('said by one');
    expect(await answered(third)).toBe('said by two');
  });

  it('V6. goes on when its service is gone; only launches are refused', async () => {
    const open = await waiting();
    rmSync(join(folder.dir, 'changing'), { recursive: true });
    expect(await deploy()).toMatchObject([{ service: 'changing', outcome: 'removed', staying: 1 }]);
    await restart();
    const older = [{ version: 'one', open: 1, hash: expect.stringMatching(/^[0-9a-f]{12}$/) }];
    expect(await listed()).toMatchObject([{ name: 'changing', title: 'Changing', state: 'removed', older }]);
    await expect(host.launch('changing', {})).rejects.toMatchObject({ code: 'not_found' });
    expect(await answered(open)).toBe('said by one');
    expect(await listed()).toEqual([]);
  });

  it('V4. has its version in the store as long as it is open', async () => {
    const open = await waiting();
    folder.write('changing', changing({ says: 'two' }));
    await deploy();
    folder.write('changing', changing({ says: 'three' }));
    await deploy();
    const kept = async () => {
      await host.executions.services.tidy();
      const rows = await temporary.store.db.selectFrom('service_versions').select('manifest').execute();
      return rows.map(({ manifest }) => JSON.parse(manifest).version).sort();
    };
    const modules = () => readdirSync(join(home(), 'cache', 'services')).filter((file) => file.endsWith('.mjs'));
    expect(await kept()).toEqual(['one', 'three']);
    expect(modules()).toHaveLength(2);
    expect(await answered(open)).toBe('said by one');
    expect(await kept()).toEqual(['three']);
    expect(modules()).toHaveLength(1);
  });

  it('does not need the files its version is loaded from: the store has them', async () => {
    const open = await waiting();
    folder.write('changing', changing({ says: 'two' }));
    await deploy();
    await host.stop();
    rmSync(join(home(), 'cache'), { recursive: true });
    await start();
    expect(await answered(open)).toBe('said by one');
    expect(existsSync(join(home(), 'cache', 'services'))).toBe(true);
  });

  it('of before versions were kept runs what is served when a host next starts, and keeps that', async () => {
    const open = await waiting();
    await temporary.store.write(({ db }) => db.updateTable('executions').set({ version: null }).execute());
    await restart();
    folder.write('changing', changing({ says: 'two', asks: 'other' }));
    await deploy();
    expect(await answered(open)).toBe('said by one');
  });
});

describe('a version that does not load', () => {
  it.each([
    ['does not parse', 'export default {', /Expected|Unexpected/i],
    ['throws', 'throw new Error("not today")', /not today/],
    ['exports nothing', 'export const a = 1', /no default export/],
    ['imports what is not there', 'import a from "./gone.ts"; export default a', /gone\.ts/],
    ['imports a package that is not there', 'import a from "not-installed"; export default a', /not-installed/],
  ])('V5, V7. takes the place of none: one that %s', async (_what, source, reason) => {
    const open = await waiting();
    folder.write('changing', source);
    const [refused] = await deploy();
    expect(refused).toMatchObject({ service: 'changing', outcome: 'refused', version: 'one' });
    expect(refused?.problem).toMatch(reason);
    const ready = { name: 'changing', state: 'ready', version: 'one', problem: refused?.problem, older: [] };
    expect(await listed()).toMatchObject([ready]);
    await host.executions.services.tidy();
    await restart();
    const [again] = await listed();
    expect(again).toMatchObject({ name: 'changing', state: 'ready', version: 'one' });
    expect(again?.problem).toMatch(reason);
    expect(await answered(open)).toBe('said by one');
    expect(await answered(await waiting())).toBe('said by one');
    folder.write('changing', changing({ says: 'mended' }));
    expect(await deploy()).toMatchObject([{ outcome: 'deployed', version: 'mended' }]);
    expect((await listed())[0]?.problem).toBeUndefined();
  });

  it('V7. is refused when another folder has a service of its name', async () => {
    folder.write('twin', changing({ says: 'twin' }));
    expect(await deploy()).toMatchObject([
      { service: 'changing', outcome: 'unchanged' },
      { service: 'twin', outcome: 'refused', problem: 'The one in changing is called changing too' },
    ]);
    await restart();
    expect((await listed()).map(({ name, state }) => [name, state])).toEqual([
      ['changing', 'ready'],
      ['twin', 'unusable'],
    ]);
  });
});

describe('a deployment', () => {
  it('says what became of each service, and knows only those that are there', async () => {
    expect(await deploy()).toMatchObject([{ service: 'changing', outcome: 'unchanged', moved: 0, staying: 0 }]);
    await expect(host.executions.deploy({ service: 'nothing', move: false }, 'ann')).rejects.toMatchObject({
      code: 'not_found',
    });
    folder.write('added', changing({ name: 'added' }));
    const [added, ...others] = await host.executions.deploy({ service: 'added', move: false }, 'ann');
    expect([added?.outcome, others]).toEqual(['deployed', []]);
    expect(await host.launch('added', {})).toEqual(expect.any(String));
  });

  it('serves a version again that was served before, in the processes it has', async () => {
    const open = await waiting();
    folder.write('changing', changing({ says: 'two' }));
    await deploy();
    folder.write('changing', changing());
    expect(await deploy()).toMatchObject([{ outcome: 'deployed', version: 'one', staying: 0 }]);
    expect(await answered(open)).toBe('said by one');
    expect(await answered(await waiting())).toBe('said by one');
  });

  it('takes several at once, one after another', async () => {
    folder.write('changing', changing({ says: 'two' }));
    const [first, second] = await Promise.all([deploy(), deploy()]);
    expect([first[0]?.outcome, second[0]?.outcome]).toEqual(['deployed', 'unchanged']);
  });
});

describe('executions that are moved', () => {
  it('V8. go on with the new version, with what they were told before', async () => {
    const open = await waiting();
    folder.write('changing', changing({ says: 'two' }));
    expect(await deploy(true)).toMatchObject([{ outcome: 'deployed', moved: 1, staying: 0, breaking: [] }]);
    const said = (await host.log.read(open.id, 0, 100)).filter(({ kind }) => kind === 'debug');
    expect(said.map(({ payload }) => payload)).toEqual([
      { text: expect.stringMatching(/^Goes on with version two \([0-9a-f]{12}\), deployed by ann$/) },
    ]);
    expect(await answered(open)).toBe('said by two');
  });

  it('V8. are not moved when one could not go on: the version is refused, and they are named', async () => {
    const open = await waiting();
    folder.write('changing', changing({ says: 'two', label: 'Another question' }));
    const [refused] = await deploy(true);
    expect(refused).toMatchObject({ outcome: 'refused', version: 'one', moved: 0, staying: 0 });
    expect(refused?.problem).toMatch(/An open execution could not go on/);
    expect(refused?.breaking).toMatchObject([{ execution: open.id, request: open.request }]);
    expect(refused?.breaking[0]?.problem).toMatch(/Word.*Another question/s);
    expect(await answered(await waiting())).toBe('said by one');
    expect(await deploy()).toMatchObject([{ outcome: 'deployed', version: 'two', staying: 1 }]);
    expect(await deploy(true)).toMatchObject([{ outcome: 'refused', version: 'two', moved: 0, staying: 1 }]);
    expect(await answered(open)).toBe('said by one');
  });

  it('V8. are those that wait: one at work stays', async () => {
    const busy = await host.launch('changing', { topic: 'busy' });
    await host.until(busy, ({ kind, payload }) => kind === 'status' && payload.status === 'running');
    folder.write('changing', changing({ says: 'two' }));
    expect(await deploy(true)).toMatchObject([{ outcome: 'deployed', moved: 0, staying: 1 }]);
    await host.executions.cancel(busy, 'ann');
  });

  it('V8. stay when they have gone on since they were looked at', async () => {
    const open = await waiting();
    folder.write('changing', changing({ says: 'two' }));
    const { rehearse } = host.executions.services;
    Object.assign(host.executions.services, {
      rehearse: async (...args: Parameters<typeof rehearse>) => {
        const rehearsal = await rehearse(...args);
        return { ...rehearsal, stop: () => rehearsal.stop().then(async () => void (await answered(open))) };
      },
    });
    expect(await deploy(true)).toMatchObject([{ outcome: 'deployed', moved: 0, staying: 0 }]);
    expect((await host.executions.get(open.id)).result?.body).toBe('said by one');
  });
});
