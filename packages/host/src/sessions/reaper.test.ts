import { AirlockError } from '@airlock/protocol/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import type { Placement } from '../placement/placement.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { createReaper } from './reaper.ts';
import { newSessionRow } from './session-row.ts';

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let containers: { id: string; session: string }[];
let workspaces: string[];
let removed: string[];
/** What cannot be listed. */
let unreadable: 'containers' | 'workspaces' | undefined;

beforeEach(async () => {
  temporary = await temporaryStore();
  containers = [];
  workspaces = [];
  removed = [];
  unreadable = undefined;
});
afterEach(() => temporary.remove());

const unused = () => Promise.reject(new RangeError('Not used'));
const down = () => Promise.reject(new AirlockError('engine_unreachable', 'It does not answer'));
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
  unpack: unused,
  findFiles: unused,
  pack: unused,
  scan: unused,
  packPaths: unused,
  startReader: unused,
  removeReader: unused,
  run: unused,
  remove: async (id) => void removed.push(id),
  removeWorkspace: async (session) => void removed.push(session),
  list: async () => (unreadable === 'containers' ? await down() : containers),
  listWorkspaces: async () => (unreadable === 'workspaces' ? await down() : workspaces),
};
const reaper = () =>
  createReaper({ store: temporary.store, placement, logger: { debug: () => undefined, warn: () => undefined } });

async function addSession(state: 'live' | 'ended'): Promise<string> {
  const execution = await addExecution(temporary.store);
  const id = newId();
  const row = { ...newSessionRow({ id, execution, name: 'main', image: 'i', token: 't' }, {}), state };
  await temporary.store.write((tx) => tx.db.insertInto('sessions').values(row).execute());
  return id;
}

describe('the reaper', () => {
  it('Y1. removes what was found without an owner twice in a row, and nothing else', async () => {
    const [live, ended, gone] = [await addSession('live'), await addSession('ended'), newId()];
    containers = [
      { id: 'of-live', session: live },
      { id: 'of-ended', session: ended },
      { id: 'of-nobody', session: gone },
    ];
    workspaces = [live, ended, gone];
    const look = reaper();
    await look();
    expect(removed).toEqual([]);
    containers = containers.filter(({ id }) => id !== 'of-ended');
    await look();
    expect(removed).toEqual(['of-nobody', gone]);
  });

  it.each(['containers', 'workspaces'] as const)('Y2. removes nothing when the %s cannot be listed', async (what) => {
    const gone = newId();
    containers = [{ id: 'of-nobody', session: gone }];
    workspaces = [gone];
    const look = reaper();
    await look();
    unreadable = what;
    await look();
    expect(removed).toEqual([]);
    unreadable = undefined;
    await look();
    expect(removed).toEqual(['of-nobody', gone]);
  });
});
