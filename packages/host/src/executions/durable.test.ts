import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryStore } from '../store/temporary.ts';
import { type HostRig, startHostRig } from './host-rig.fixture.ts';
import { ServicesDir } from './pool/fixtures/services-dir.ts';

/* Executions of a service that does what its input `mode` says, in real processes, with a clock of the test's. */

const ann = { name: 'ann', role: 'admin' } as const;
const day = 24 * 3_600_000;

const obedient = `
import { form, text } from '@airlock/flow/form';
import { defineService } from '@airlock/flow/service';

const yes = form({ word: text({ required: true }) });

export default defineService({
  name: 'obedient',
  title: 'Obedient',
  description: '',
  policy: { keepMs: ${30 * day} },
  timeouts: { executionMs: ${2 * day}, cancelMs: 60_000 },
  form: form({ mode: text() }),
  async run(ctx) {
    switch (ctx.inputs.mode) {
      case 'ask':
        return (await ctx.lock('ask', yes)).word;
      case 'ask-leased':
        return await ctx.lock('ask', yes, { lease: (answer) => answer.word.toUpperCase() });
      case 'sleep': {
        const asleep = ctx.sleep(${day});
        await ctx.tracer.text('asleep');
        await asleep;
        return (await ctx.lock('woken', yes)).word;
      }
      case 'tidy':
        try {
          return (await ctx.lock('ask', yes)).word;
        } finally {
          await ctx.tracer.markdown('tidied up: ' + ctx.signal.reason.detail);
        }
      case 'deaf':
        await ctx.lock('ask', yes).catch(() => new Promise(() => setInterval(() => undefined, 1000)));
        return 'never';
      case 'otherwise':
        return (await ctx.lock('ask', yes, { expiresMs: 1000, otherwise: { word: 'silence' } })).word;
      case 'fickle':
        return (await ctx.lock('ask' + process.pid, yes)).word;
      case 'throw':
        throw new TypeError('on purpose');
      case 'exit':
        process.exit(3);
    }
    return 'done';
  },
});
`;
const single = obedient
  .replace("name: 'obedient'", "name: 'single'")
  .replace(`keepMs: ${30 * day}`, 'maxConcurrent: 1');

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let folder: ServicesDir;
let host: HostRig;
let now: number;

const start = async () => {
  const { dir: services, env } = folder;
  host = await startHostRig({ store: temporary.store, services, env, clock: () => new Date(now) });
};
beforeEach(async () => {
  temporary = await temporaryStore();
  folder = new ServicesDir();
  folder.write('obedient', obedient);
  folder.write('single', single);
  now = Date.UTC(2030, 0, 1);
  await start();
});
afterEach(async () => {
  await host.stop();
  folder.remove();
  await temporary.remove();
});

/** Lets time pass, and whatever is due then happen. */
async function pass(ms: number): Promise<void> {
  now += ms;
  await host.timers.tick();
}

const kindsOf = async (id: string) => (await host.log.read(id, 0, 1000)).map(({ kind }) => kind);
const timersOf = async () =>
  (await temporary.store.db.selectFrom('timers').select('kind').execute()).map(({ kind }) => kind);

describe('an execution that is asked to end', () => {
  it('E1. shows why at once, opens nothing more, and its requests are closed', async () => {
    const id = await host.launch('obedient', { mode: 'deaf' });
    const request = await host.asked(id);
    await host.executions.cancel(id, 'bob');
    await host.executions.cancel(id, 'carl');
    expect(await host.executions.get(id)).toMatchObject({
      status: 'running',
      stopping: 'Cancelled by bob',
      requests: [],
    });
    await expect(host.inbox.answer(request, { word: 'late' }, ann)).rejects.toMatchObject({ code: 'request_expired' });
    expect(await timersOf()).toEqual(['stop']);
    await pass(60_000);
    expect(await host.ended(id)).toMatchObject({ status: 'cancelled', stopping: null });
  });

  it('E2. ends by itself, with a last word, as was asked for', async () => {
    const id = await host.launch('obedient', { mode: 'tidy' });
    await host.asked(id);
    await host.executions.cancel(id, 'bob');
    expect((await host.ended(id)).status).toBe('cancelled');
    const said = (await host.log.read(id, 0, 100)).find(({ kind }) => kind === 'action');
    expect(said?.payload).toMatchObject({ body: 'tidied up: Cancelled by bob' });
    expect(await timersOf()).toEqual([]);
  });

  it('E2. is told again after a restart, and ends as an error when its time was over', async () => {
    const id = await host.launch('obedient', { mode: 'tidy' });
    await host.asked(id);
    await host.stop();
    now += 2 * day;
    await start();
    const ended = await host.ended(id);
    expect(ended.status).toBe('error');
    const error = (await host.log.read(id, 0, 100)).find(({ kind }) => kind === 'error');
    expect(error?.payload).toMatchObject({ code: 'execution_timed_out' });
  });

  it('E3. is ended without its service when that takes too long', async () => {
    const id = await host.launch('obedient', { mode: 'deaf' });
    await host.asked(id);
    await host.executions.cancel(id, 'bob');
    await pass(59_999);
    expect((await host.executions.get(id)).status).toBe('running');
    await pass(1);
    expect((await host.ended(id)).status).toBe('cancelled');
  });

  it('ends at once when it has not begun', async () => {
    const first = await host.launch('single', { mode: 'ask' });
    await host.asked(first);
    const second = await host.launch('single', { mode: 'ask' });
    expect(await host.executions.get(second)).toMatchObject({ status: 'starting', queue: 0 });
    await host.executions.cancel(second, 'bob');
    expect((await host.executions.get(second)).status).toBe('cancelled');
    expect(await kindsOf(second)).not.toContain('lock');
  });
});

describe('a service with a queue', () => {
  it('begins the next when one has ended, in their order', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push(await host.launch('single', { mode: 'ask' }));
    const [first = '', second = '', third = ''] = ids;
    await host.inbox.answer(await host.asked(first), { word: 'one' }, ann);
    const request = await host.asked(second);
    expect(await host.executions.get(third)).toMatchObject({ status: 'starting', queue: 0 });
    await host.inbox.answer(request, { word: 'two' }, ann);
    await host.inbox.answer(await host.asked(third), { word: 'three' }, ann);
    expect((await host.ended(third)).result).toMatchObject({ body: 'three' });
  });
});

describe('an execution that waits', () => {
  it('goes on when its sleep is over, also over a restart', async () => {
    const id = await host.launch('obedient', { mode: 'sleep' });
    await host.until(id, ({ kind }) => kind === 'action');
    await host.stop();
    await start();
    await pass(day);
    await host.inbox.answer(await host.asked(id, 'woken'), { word: 'morning' }, ann);
    expect((await host.ended(id)).result).toMatchObject({ body: 'morning' });
  });

  it('takes its default when nobody answers', async () => {
    const id = await host.launch('obedient', { mode: 'otherwise' });
    await host.asked(id);
    await pass(1_000);
    expect((await host.ended(id)).result).toMatchObject({ body: 'silence' });
  });

  it('is woken by an answer its service must check', async () => {
    const id = await host.launch('obedient', { mode: 'ask-leased' });
    const request = await host.asked(id);
    await host.stop();
    await start();
    await host.inbox.answer(request, { word: 'quiet' }, ann);
    expect((await host.ended(id)).result).toMatchObject({ body: 'QUIET' });
  });
});

describe('faults', () => {
  it('of the code end its execution alone', async () => {
    const good = await host.launch('obedient', { mode: 'ask' });
    const request = await host.asked(good);
    const bad = await host.launch('obedient', { mode: 'throw' });
    expect((await host.ended(bad)).status).toBe('error');
    await host.inbox.answer(request, { word: 'fine' }, ann);
    expect((await host.ended(good)).result).toMatchObject({ body: 'fine' });
  });

  it('that end the process end the execution at fault, and the others go on in the next one', async () => {
    const good = await host.launch('obedient', { mode: 'ask' });
    const request = await host.asked(good);
    const bad = await host.launch('obedient', { mode: 'exit' });
    expect((await host.ended(bad)).status).toBe('error');
    const error = (await host.log.read(bad, 0, 100)).find(({ kind }) => kind === 'error');
    expect(error?.payload).toMatchObject({ code: 'service_failed', detail: expect.stringContaining('exit code 3') });
    await host.inbox.answer(request, { word: 'fine' }, ann);
    expect((await host.ended(good)).result).toMatchObject({ body: 'fine' });
  });

  it('in a row end the execution it belongs to, naming it, and no other', async () => {
    const good = await host.launch('obedient', { mode: 'ask' });
    const bad = await host.launch('obedient', { mode: 'ask' });
    const request = await host.asked(good);
    await host.asked(bad);
    await host.stop();
    await temporary.store.write((tx) =>
      tx.db.updateTable('calls').set({ call: '{"kind":"lo' }).where('execution', '=', bad).execute(),
    );
    await start();
    expect((await host.ended(bad)).status).toBe('error');
    const error = (await host.log.read(bad, 0, 100)).find(({ kind }) => kind === 'error');
    expect(error?.payload).toMatchObject({
      code: 'store_unusable',
      detail: `Call main/lock/ask#0 of execution ${bad} cannot be read`,
    });
    await host.inbox.answer(request, { word: 'fine' }, ann);
    expect((await host.ended(good)).result).toMatchObject({ body: 'fine' });
  });

  it('of a service that asks for something else each time are named: what the log has, and what it asks now', async () => {
    const id = await host.launch('obedient', { mode: 'fickle' });
    await host.asked(id);
    await host.stop();
    await start();
    expect((await host.ended(id)).status).toBe('error');
    const error = (await host.log.read(id, 0, 100)).find(({ kind }) => kind === 'error');
    const detail = expect.stringMatching(/main\/lock\/ask\d+#0.*main\/lock\/ask\d+#0/s);
    expect(error?.payload).toMatchObject({ code: 'nondeterministic', detail });
  }, 20_000);
});

describe('executions.remove()', () => {
  it('ends what runs and leaves nothing of it', async () => {
    const id = await host.launch('obedient', { mode: 'ask' });
    await host.asked(id);
    await host.executions.remove(id, 'bob');
    await expect(host.executions.get(id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await timersOf()).toEqual([]);
  });
});
