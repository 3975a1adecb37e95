import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import type { PlacedContainer, Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { reconcile } from './reconcile.ts';
import { newSessionRow, type SessionRow } from './session-row.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let session: string;
let removed: string[];
beforeEach(async () => {
  temporary = await temporaryStore();
  removed = [];
  session = newId();
  const execution = await addExecution(temporary.store);
  const row = newSessionRow({ id: session, execution, name: 'main', image: 'i', token: 't' }, {});
  await temporary.store.write(async (tx) => void (await tx.db.insertInto('sessions').values(row).execute()));
});
afterEach(() => temporary.remove());

const unused = () => Promise.reject(new RangeError('not used here'));
const logger = { debug: () => undefined, warn: () => undefined };

/** A host starts on an engine that has these containers. */
async function startOn(list: () => Promise<PlacedContainer[]>, values: Partial<SessionRow>): Promise<SessionRow> {
  await temporary.store.write(async (tx) => void (await tx.db.updateTable('sessions').set(values).execute()));
  const placement: Placement = {
    start: unused,
    settle: unused,
    claim: unused,
    bridge: unused,
    inspect: unused,
    waitExit: unused,
    lastWords: unused,
    log: unused,
    look: unused,
    workspaceBytes: unused,
    remove: (id) => Promise.resolve(void removed.push(id)),
    removeWorkspace: unused,
    listWorkspaces: unused,
    unpack: unused,
    findFiles: unused,
    pack: unused,
    scan: unused,
    packPaths: unused,
    startReader: unused,
    removeReader: unused,
    run: unused,
    list,
  };
  await reconcile({ store: temporary.store, placement, logger });
  return await temporary.store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
}

const has = (id: string) => () => Promise.resolve([{ id, session }]);

describe('reconcile()', () => {
  it('leaves a session its container', async () => {
    expect(await startOn(has('one'), { container: 'one', up_committed: 5 })).toMatchObject({ up_committed: 5 });
    expect(removed).toEqual([]);
  });

  it('gives a session the container that was started for it just before a crash', async () => {
    const before = { container: null, replaces: 'gone', up_committed: 0 };
    expect(await startOn(has('new'), before)).toMatchObject({ container: 'new', replaces: null });
    expect(removed).toEqual([]);
  });

  it('does not give it back the container that is being replaced', async () => {
    expect(await startOn(has('gone'), { container: null, replaces: 'gone' })).toMatchObject({ container: null });
    expect(removed).toEqual(['gone']);
  });

  it.each([
    ['of a session that is over', { container: 'one', state: 'lost' as const }],
    ['that another took the place of', { container: 'two' }],
  ])('removes a container %s', async (_, values) => {
    await startOn(has('one'), values);
    expect(removed).toEqual(['one']);
  });

  it('changes nothing when the containers cannot be listed', async () => {
    expect(await startOn(unused, { container: 'one' })).toMatchObject({ container: 'one' });
    expect(removed).toEqual([]);
  });
});
