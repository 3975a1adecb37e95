import type { Facts } from '@airlock/protocol/facts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { createLog, type Log } from '../log/log.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { describeSession } from './describe-session.ts';
import { type FactFrame, keepFacts } from './facts.ts';
import { newSessionRow } from './session-row.ts';

const session = newId();
const facts: Facts = {
  cliVersion: '2.1.330',
  sdkVersion: '0.3.330',
  model: 'one',
  permissionMode: 'default',
  tools: ['Bash'],
  commands: [{ name: 'plan', about: 'Plans', hint: 'task', builtin: false }],
  skills: [],
  agents: [],
  plugins: [],
  mcpServers: [{ name: 'docs', status: 'pending' }],
  settings: [{ tier: 'user', allow: ['Read'], ask: [], deny: [], hooks: [] }],
};
const ready: FactFrame = { type: 'ready', model: 'one', cliVersion: '2.1.330', tools: ['Bash'], facts };

let temporary: Awaited<ReturnType<typeof temporaryStore>>;
let log: Log;
let execution: string;

beforeEach(async () => {
  temporary = await temporaryStore();
  const { store } = temporary;
  log = createLog(store, () => new Date(0));
  execution = await addExecution(store);
  const of = { id: session, execution, name: 'main', image: 'image:1', digest: 'sha256:1', token: 't' };
  const options = { rules: [{ decision: 'deny' as const, tool: 'WebFetch' }] };
  await store.write(
    async ({ db }) => void (await db.insertInto('sessions').values(newSessionRow(of, options)).execute()),
  );
});
afterEach(() => temporary.remove());

async function keep(...frames: FactFrame[]): Promise<void> {
  for (const frame of frames) {
    await temporary.store.write(async (tx) => {
      const row = await tx.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
      await keepFacts(tx, row, frame, log);
    });
  }
}
const told = async () => (await log.read(execution, 0, 100)).map(({ kind, payload }) => ({ kind, ...payload }));
const described = () => describeSession(temporary.store, session);

describe('what the CLI says of itself', () => {
  it('makes the session live, is told to people, and kept', async () => {
    await keep(ready);
    expect(await told()).toEqual([
      { kind: 'session', session, state: 'ready', model: 'one', detail: '2.1.330', facts },
    ]);
    expect(await described()).toMatchObject({
      execution,
      state: 'live',
      working: false,
      image: { reference: 'image:1', digest: 'sha256:1' },
      limits: { cpus: 1, memoryBytes: 1024 ** 3, workspaceBytes: 5 * 1024 ** 3 },
      rules: [{ decision: 'deny', tool: 'WebFetch' }],
      facts,
      context: null,
      tasks: [],
    });
  });

  it('is told again with what became other, when people have not changed it themselves', async () => {
    const planning = { ...facts, permissionMode: 'plan' };
    const connected = { ...planning, model: 'two', mcpServers: [{ name: 'docs', status: 'failed' }] };
    await keep(ready, { type: 'facts', facts: planning }, { type: 'facts', facts: connected });
    expect((await told()).slice(1)).toEqual([
      { kind: 'session', session, state: 'changed', facts: planning },
      { kind: 'session', session, state: 'changed', detail: 'model: two, MCP server docs: failed', facts: connected },
    ]);
    expect((await described()).facts).toEqual(connected);
  });

  it('may be missing, of a container that an older Airlock has started', async () => {
    await keep({ type: 'ready', model: 'one', cliVersion: '2', tools: [] });
    expect((await described()).facts).toBeNull();
  });
});

describe('what runs beside Claude', () => {
  it('is kept as a whole, and each step is told', async () => {
    const tasks = [{ id: 'a', kind: 'local_agent', about: 'look', agent: 'reviewer' }];
    await keep({ type: 'tasks', tasks }, { type: 'task', task: { id: 'a', about: 'look', step: 'started' } });
    expect((await described()).tasks).toEqual(tasks);
    expect(await told()).toEqual([{ kind: 'agent', session, id: 'a', about: 'look', step: 'started' }]);
    await keep({ type: 'tasks', tasks: [] });
    expect((await described()).tasks).toEqual([]);
  });
});

describe('a session nobody knows', () => {
  it('is not found', async () => {
    await expect(describeSession(temporary.store, newId())).rejects.toMatchObject({ code: 'not_found' });
  });
});
