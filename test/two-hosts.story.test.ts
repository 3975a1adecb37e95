import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@airlock/host/log/log';
import { openStore, type Store } from '@airlock/host/store/store';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { FromHost } from './crash/channel.ts';
import { type HostProcess, startHostProcess } from './crash/host-process.ts';

/* Two hosts, each in a process of its own, on one store. */

let home: string;
let store: Store;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'airlock-two-hosts-'));
  store = await openStore(join(home, 'airlock.db'));
});
afterEach(async () => {
  await store.close();
  rmSync(home, { recursive: true, force: true });
});

/** What a host says, by the first thing that fits; said before or still to be said. */
function createHearing() {
  const heard: FromHost[] = [];
  const waiting: { fits: (message: FromHost) => boolean; resolve: (message: FromHost) => void }[] = [];
  return {
    hear(message: FromHost) {
      heard.push(message);
      for (const { fits, resolve } of waiting) if (fits(message)) resolve(message);
    },
    until<T extends FromHost>(fits: (message: FromHost) => message is T): Promise<T> {
      const known = heard.find(fits);
      if (known) return Promise.resolve(known);
      return new Promise((resolve) => waiting.push({ fits, resolve: resolve as (message: FromHost) => void }));
    },
  };
}

type Hearing = ReturnType<typeof createHearing>;
type Host = HostProcess & { readonly said: Hearing };

/** A host whose lease is over after a second and a half. */
function start(installation: string): Host {
  const said = createHearing();
  const host = startHostProcess(
    {
      home,
      installation,
      leaseMs: 1_500,
      careMs: 100,
      vary: false,
      servicesDir: join(import.meta.dirname, 'crash/services'),
    },
    { onAsked: said.hear, onEnded: said.hear, onOwned: said.hear },
  );
  onTestFinished(async () => {
    host.signal('SIGKILL');
    await host.exited;
  });
  return { ...host, said };
}

const asked =
  (name: string) =>
  (message: FromHost): message is Extract<FromHost, { type: 'asked' }> =>
    message.type === 'asked' && message.name === name;
const says =
  <T extends FromHost['type']>(type: T) =>
  (message: FromHost): message is Extract<FromHost, { type: T }> =>
    message.type === type;

async function answerAsked(host: Host, name: string): Promise<void> {
  const { request } = await host.said.until(asked(name));
  await host.answer(request, `${name} by ada`);
}

const ownerOf = (id: string) =>
  store.db.selectFrom('executions').select(['owner', 'epoch']).where('id', '=', id).executeTakeFirstOrThrow();
const eventsOf = (id: string) => createLog(store, () => new Date()).read(id, 0, 1000);

describe('two hosts on one store', () => {
  it("share nothing: each runs what was launched with it, and refuses answers to what is the other's", async () => {
    const [a, b] = [start('a'), start('b')];
    const [nameOfA, nameOfB] = await Promise.all([a.ready, b.ready]);
    const idOfA = await a.launch({ effects: join(home, 'a.txt') }, 'a');
    const idOfB = await b.launch({ effects: join(home, 'b.txt') }, 'b');
    const { request } = await a.said.until(asked('plan'));
    await expect(b.answer(request, 'plan by ada')).rejects.toMatchObject({ code: 'owned_elsewhere' });
    expect(await ownerOf(idOfA)).toEqual({ owner: nameOfA, epoch: 1 });
    expect(await ownerOf(idOfB)).toEqual({ owner: nameOfB, epoch: 1 });
    for (const host of [a, b]) for (const name of ['plan', 'budget', 'confirm']) await answerAsked(host, name);
    expect(await a.said.until(says('ended'))).toMatchObject({ execution: idOfA, status: 'finished' });
    expect(await b.said.until(says('ended'))).toMatchObject({ execution: idOfB, status: 'finished' });
  });

  it('one that stalls loses its executions, and cannot write to them when it comes back', async () => {
    const [a, b] = [start('a'), start('b')];
    const [, nameOfB] = await Promise.all([a.ready, b.ready]);
    const effects = join(home, 'effects.txt');
    const id = await a.launch({ effects }, 'a');
    const { request } = await a.said.until(asked('plan'));

    a.signal('SIGSTOP');
    const late = Promise.allSettled([a.note(id, 'written too late'), a.answer(request, 'answered too late')]);
    expect(await b.said.until(says('claimed'))).toMatchObject({ executions: [id] });
    expect(await ownerOf(id)).toEqual({ owner: nameOfB, epoch: 2 });
    await b.answer(request, 'plan by ada');

    // The other has it in the middle of its work when this one comes back, with things to write.
    a.signal('SIGCONT');
    expect(await late).toMatchObject([
      { status: 'rejected', reason: { code: 'owned_elsewhere' } },
      { status: 'rejected', reason: { code: 'already_answered' } },
    ]);
    expect(await a.said.until(says('lost'))).toMatchObject({ executions: [id] });
    await answerAsked(b, 'budget');
    await answerAsked(b, 'confirm');
    expect(await b.said.until(says('ended'))).toMatchObject({ status: 'finished' });
    await expect(a.note(id, 'written after the end')).rejects.toMatchObject({ code: 'owned_elsewhere' });

    expect(await ownerOf(id)).toEqual({ owner: nameOfB, epoch: 2 });
    const events = await eventsOf(id);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    expect(events.filter(({ kind }) => kind === 'debug')).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'lease')).toHaveLength(3);
    expect(readFileSync(effects, 'utf8').trim().split('\n')).toEqual(['prepare', 'publish', 'publish']);
  });

  it('one that is killed and started again has its own back at once, before its lease is over', async () => {
    const a = start('a');
    await a.ready;
    const id = await a.launch({ effects: join(home, 'effects.txt') }, 'a');
    await a.said.until(asked('plan'));
    a.signal('SIGKILL');
    await a.exited;
    const again = start('a');
    const name = await again.ready;
    expect(await ownerOf(id)).toEqual({ owner: name, epoch: 2 });
    for (const lock of ['plan', 'budget', 'confirm']) await answerAsked(again, lock);
    expect(await again.said.until(says('ended'))).toMatchObject({ execution: id, status: 'finished' });
  });
});
