import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createModelGateway } from '@airlock/host/gateway/gateway';
import { openWire } from '@airlock/host/wire/open-wire';
import type { Wire } from '@airlock/host/wire/wire';
import { createModelSim, type ModelSim } from '@airlock/model-sim/server';
import { idSchema } from '@airlock/protocol/ids';
import type { LiveFrame, SingleFrame } from '@airlock/protocol/wire';
import { v7 } from 'uuid';
import { afterEach, describe, expect, it, vi } from 'vitest';

/* The real runner, SDK and CLI as child processes; the real wire and gateway; a simulated model. */

const claude = join(import.meta.dirname, '../node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/claude');
const runnerMain = join(import.meta.dirname, '../packages/runner/src/main.ts');

/** A shell as the image has one: what it starts is the first to go when memory runs out. */
function writeShell(dir: string): string {
  const path = join(dir, 'bash');
  writeFileSync(path, '#!/bin/sh\necho 900 >/proc/self/oom_score_adj\nexec /bin/bash "$@"\n', { mode: 0o755 });
  return path;
}

type FrameOf<T extends SingleFrame['type']> = Extract<SingleFrame, { type: T }>;

/** Everything hosts have committed from one runner, and the means to wait for more. */
function createLedger() {
  const frames: SingleFrame[] = [];
  const live: LiveFrame[] = [];
  const watchers: (() => void)[] = [];
  const changed = () => {
    for (const watcher of watchers.splice(0)) watcher();
  };
  async function until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => watchers.push(resolve));
    }
  }
  const of = <T extends SingleFrame['type']>(type: T) =>
    frames.filter((frame): frame is FrameOf<T> => frame.type === type);
  return {
    frames,
    live,
    changed,
    until,
    of,
    nth: <T extends SingleFrame['type']>(type: T, count: number) => until(() => of(type)[count - 1]),
  };
}

async function startRig(script = 'scenarios: [{steps: [{say: unused}]}]', apiKey: string | undefined = 'sk-real') {
  const session = idSchema.parse(v7());
  const token = randomBytes(32).toString('base64url');
  const dir = mkdtempSync(join(tmpdir(), 'airlock-wire-'));
  for (const name of ['home/.claude', 'project', 'workspace']) mkdirSync(join(dir, name), { recursive: true });
  const sim: ModelSim = createModelSim({
    scripts: [{ yaml: script, file: 'story' }],
    pace: 1,
    acceptKeys: ['sk-real'],
  });
  await sim.listen();
  const gateway = createModelGateway({ baseUrl: sim.url, apiKey });
  const socketName = `airlock-test-${session}`;
  const runner = spawn(process.execPath, [runnerMain], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      HOME: join(dir, 'home'),
      PATH: process.env.PATH ?? '',
      AIRLOCK_CLAUDE: claude,
      AIRLOCK_PROJECT: join(dir, 'project'),
      AIRLOCK_WORKSPACE: join(dir, 'workspace'),
      AIRLOCK_SHELL: writeShell(dir),
      AIRLOCK_SOCKET: socketName,
      AIRLOCK_SESSION: JSON.stringify({
        session,
        tokenHash: createHash('sha256').update(token).digest('hex'),
        orphanMs: 60_000,
      }),
    },
  });
  let words = '';
  runner.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
    process.stderr.write(text);
  });
  const exited = new Promise<number | null>((resolve) => runner.once('close', resolve));
  const ledger = createLedger();
  let committed = 0;
  let epoch = 0;
  let downSent = 0;

  /** The runner takes connections a moment after it was started. */
  async function dial(): Promise<Socket> {
    return await vi.waitFor(
      async () => {
        const socket = connect(`\0${socketName}`);
        await once(socket, 'connect');
        return socket;
      },
      { interval: 10, timeout: 20_000 },
    );
  }

  async function attach(asEpoch = epoch + 1): Promise<Wire> {
    const duplex = await dial();
    const hello = { v: 1 as const, session, container: 'test', epoch: asEpoch, token, upCommitted: committed };
    const wire = await openWire({
      duplex,
      hello,
      handlers: {
        onUp: (n, frame) => {
          expect(n).toBe(committed + 1);
          committed = n;
          ledger.frames.push(...(frame.type === 'batch' ? frame.frames : [frame]));
          ledger.changed();
          return Promise.resolve();
        },
        onLive: (frame) => {
          ledger.live.push(frame);
          ledger.changed();
        },
        onDownAck: () => undefined,
        onModel: (request) => gateway.handle(request, session),
        onMcp: () => Promise.reject(new Error('Not asked for')),
        onTranscript: () => Readable.from([]),
      },
    });
    epoch = Math.max(epoch, asEpoch);
    return wire;
  }

  return {
    session,
    dir,
    sim,
    gateway,
    ledger,
    attach,
    runner,
    exited,
    /** What it said on stderr. */
    words: () => words,
    prompt(wire: Wire, text: string): string {
      const uuid = v7();
      downSent += 1;
      wire.send(downSent, { type: 'prompt', uuid, text });
      return uuid;
    },
    allow(wire: Wire, requestId: string, updatedInput: Record<string, never> | object) {
      downSent += 1;
      wire.send(downSent, {
        type: 'answer',
        requestId,
        verdict: { behavior: 'allow', updatedInput: JSON.parse(JSON.stringify(updatedInput)) },
      });
    },
    deny(wire: Wire, requestId: string, message: string) {
      downSent += 1;
      wire.send(downSent, { type: 'answer', requestId, verdict: { behavior: 'deny', message } });
    },
    interrupt(wire: Wire) {
      downSent += 1;
      wire.send(downSent, { type: 'interrupt' });
    },
    end(wire: Wire) {
      downSent += 1;
      wire.send(downSent, { type: 'end' });
    },
    async stop() {
      // Not by force: outside a container its CLI would live on, and write into the folder that is removed here.
      runner.kill('SIGTERM');
      await exited;
      await sim.close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Rig = Awaited<ReturnType<typeof startRig>>;
const rigs: Rig[] = [];

async function rigWith(...args: Parameters<typeof startRig>): Promise<Rig> {
  const rig = await startRig(...args);
  rigs.push(rig);
  return rig;
}

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
});

const textOf = (rig: Rig) => rig.ledger.of('message').map(({ text }) => text);
const deltas = (rig: Rig) => rig.ledger.live.filter((frame) => frame.type === 'delta');

describe('a conversation over the wire', () => {
  it('streams a first turn, remembers it in the second, and ends as asked', async () => {
    const rig = await rigWith(`
scenarios:
  - { when: { contains: my name }, steps: [{ say: Hello to you }] }
  - { when: { contains: who am i }, steps: [{ say: "You began with: {{firstPrompt}}" }] }`);
    const wire = await rig.attach();
    const first = rig.prompt(wire, 'my name is Ada');
    const turn = await rig.ledger.nth('turn', 1);
    expect(turn).toMatchObject({ prompt: first, isError: false, text: 'Hello to you', apiStatus: null });
    expect(
      deltas(rig)
        .map(({ text }) => text)
        .join(''),
    ).toBe('Hello to you');
    rig.prompt(wire, 'who am i');
    expect((await rig.ledger.nth('turn', 2)).text).toBe('You began with: my name is Ada');
    expect(textOf(rig)).toEqual(['Hello to you', 'You began with: my name is Ada']);
    expect(rig.ledger.of('ready')).toHaveLength(1);
    expect(rig.ledger.of('transcript').length).toBeGreaterThan(1);
    expect(rig.sim.requests.every(({ headers }) => headers['x-api-key'] === 'sk-real')).toBe(true);
    rig.end(wire);
    expect(await rig.exited).toBe(0);
    expect(rig.ledger.frames.at(-1)).toEqual({ type: 'ended' });
  });

  it('asks before Bash runs, and does as told', async () => {
    const rig = await rigWith(`
scenarios:
  - when: { contains: run }
    steps:
      - blocks: [{ tool_use: { name: Bash, input: { command: "touch made-it; cat /proc/self/oom_score_adj" } } }]
      - say: "It said {{toolResult}}"`);
    const wire = await rig.attach();
    rig.prompt(wire, 'run it');
    const { requestId, ask } = await rig.ledger.nth('ask', 1);
    expect(ask).toMatchObject({ kind: 'tool', tool: 'Bash' });
    rig.allow(wire, requestId, ask.kind === 'tool' ? ask.input : {});
    await rig.ledger.nth('turn', 1);
    expect(rig.ledger.of('tool_result')[0]).toMatchObject({ isError: false, text: '900' });
    rig.prompt(wire, 'run it again');
    rig.deny(wire, (await rig.ledger.nth('ask', 2)).requestId, 'Not today');
    await rig.ledger.nth('turn', 2);
    expect(rig.ledger.of('tool_result')[1]).toMatchObject({
      isError: true,
      text: expect.stringContaining('Not today'),
    });
  });

  it('stops a turn that is interrupted, and takes the next', async () => {
    const rig = await rigWith(`
scenarios:
  - { when: { contains: slowly }, steps: [{ blocks: [{ text: one two three four, gate: { name: here, piece: 2 } }] }] }
  - { steps: [{ say: Yes }] }`);
    const wire = await rig.attach();
    rig.prompt(wire, 'slowly');
    await rig.sim.control.gates.arrival('here');
    await rig.ledger.until(() => deltas(rig)[0]);
    rig.interrupt(wire);
    const turn = await rig.ledger.nth('turn', 1);
    expect(turn.terminalReason).toBe('aborted_streaming');
    rig.prompt(wire, 'still there?');
    expect(await rig.ledger.nth('turn', 2)).toMatchObject({ isError: false, text: 'Yes' });
    expect(rig.gateway.lastUpstreamError(rig.session)).toBeUndefined();
  });

  it('withdraws an ask whose turn is interrupted', async () => {
    const rig = await rigWith(`
scenarios: [{ steps: [{ blocks: [{ tool_use: { name: Bash, input: { command: "echo x > y" } } }] }, { say: done }] }]`);
    const wire = await rig.attach();
    rig.prompt(wire, 'go');
    const { requestId } = await rig.ledger.nth('ask', 1);
    rig.interrupt(wire);
    expect(await rig.ledger.nth('ask_withdrawn', 1)).toEqual({ type: 'ask_withdrawn', requestId });
    await rig.ledger.nth('turn', 1);
  });

  it('asks the questions of AskUserQuestion', async () => {
    const rig = await rigWith(`
scenarios:
  - when: { contains: ask me }
    steps:
      - blocks:
          - tool_use:
              name: AskUserQuestion
              input:
                questions:
                  - question: Tea or coffee?
                    header: Drink
                    multiSelect: false
                    options: [{ label: Tea, description: Green }, { label: Coffee, description: Black }]
      - say: "Noted. {{toolResult}}"`);
    const wire = await rig.attach();
    rig.prompt(wire, 'ask me');
    const { requestId, ask } = await rig.ledger.nth('ask', 1);
    if (ask.kind !== 'question') throw new Error('Expected a question');
    expect(ask.questions[0]?.question).toBe('Tea or coffee?');
    rig.allow(wire, requestId, { questions: ask.questions, answers: { 'Tea or coffee?': 'Tea' } });
    expect((await rig.ledger.nth('turn', 1)).text).toContain('Tea');
  });
});

describe('when the model API fails', () => {
  it('shows a wrong key within a second of the first call', async () => {
    const rig = await rigWith('scenarios: [{steps: [{say: never}]}]', 'sk-wrong');
    const wire = await rig.attach();
    rig.prompt(wire, 'hello');
    await rig.sim.control.waitForRequest(({ path }) => path.startsWith('/v1/messages'));
    const asked = performance.now();
    const turn = await rig.ledger.nth('turn', 1);
    expect(performance.now() - asked).toBeLessThan(1000);
    expect(turn).toMatchObject({ isError: true, apiStatus: 401 });
    expect(rig.gateway.lastUpstreamError(rig.session)?.code).toBe('model_key_refused');
    expect(JSON.stringify(rig.ledger.frames)).not.toContain('sk-wrong');
  });

  it('waits out three overloads, telling of each', async () => {
    const rig = await rigWith(`
scenarios: [{ steps: [{ error: { status: 529, times: 3 }, say: At last }] }]`);
    const wire = await rig.attach();
    rig.prompt(wire, 'hello');
    expect(await rig.ledger.nth('turn', 1)).toMatchObject({ isError: false, text: 'At last' });
    expect(rig.ledger.of('retry').map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 529],
      [2, 529],
      [3, 529],
    ]);
  });

  it.each(['destroy', 'error'])('takes back the text of an answer cut in its first block by %s', async (how) => {
    const rig = await rigWith(`
scenarios:
  - steps:
      - cut: { at: piece, block: 0, piece: 2, how: ${how} }
        blocks: [{ text: one two three four, gate: { name: here, piece: 2 } }]`);
    const wire = await rig.attach();
    rig.prompt(wire, 'hello');
    await rig.ledger.until(() => deltas(rig)[0]);
    rig.sim.control.gates.release('here', { stay: true });
    expect(await rig.ledger.nth('turn', 1)).toMatchObject({ isError: false, text: 'one two three four' });
    const given = rig.ledger.live.filter((frame) => frame.type === 'retract');
    expect(given).toEqual([{ type: 'retract', messageId: deltas(rig)[0]?.messageId }]);
    expect(rig.ledger.of('message').map(({ messageId }) => messageId)).not.toContain(given[0]?.messageId);
    expect(textOf(rig)).toEqual(['one two three four']);
    expect(rig.sim.requests.every(({ body }) => body?.stream === true)).toBe(true);
  });
});

describe('when the wire is cut', () => {
  const cutAt = (blocks: string) => `scenarios: [{ steps: [{ blocks: ${blocks} }, { say: done }] }]`;

  async function cutAtGate(script: string): Promise<Rig> {
    const rig = await rigWith(script);
    const wire = await rig.attach();
    rig.prompt(wire, 'hello');
    await rig.sim.control.gates.arrival('here');
    return Object.assign(rig, { wire });
  }

  it('asks again for an answer that had not begun', async () => {
    const rig = await rigWith('scenarios: [{ steps: [{ say: Patience }] }]');
    const wire = await rig.attach();
    rig.sim.control.hold('here');
    rig.prompt(wire, 'hello');
    await rig.sim.control.gates.arrival('here');
    wire.close();
    rig.sim.control.hold(null);
    await rig.attach();
    expect(await rig.ledger.nth('turn', 1)).toMatchObject({ isError: false, text: 'Patience' });
    expect(rig.ledger.of('retry')).toEqual([]);
    expect(textOf(rig)).toEqual(['Patience']);
  });

  it('begins again after a cut in the first block', async () => {
    const rig = await cutAtGate(cutAt('[{ text: one two three four, gate: { name: here, piece: 2 } }]'));
    await rig.ledger.until(() => deltas(rig)[1]);
    const lost = deltas(rig)[0]?.messageId;
    await reattach(rig);
    expect(await rig.ledger.nth('turn', 1)).toMatchObject({ isError: false, text: 'one two three four' });
    expect(textOf(rig)).toEqual(['one two three four']);
    expect(rig.ledger.of('message')[0]?.messageId).not.toBe(lost);
  });

  it('keeps what was finished before a cut after a block', async () => {
    const rig = await cutAtGate(cutAt('[{ text: finished }, { text: never whole, gate: { name: here, piece: 1 } }]'));
    await rig.ledger.until(() => deltas(rig)[1]);
    await reattach(rig);
    expect((await rig.ledger.nth('turn', 1)).isError).toBe(false);
    expect(textOf(rig)[0]).toBe('finished');
    expect(new Set(rig.ledger.of('message').map(({ messageId, block }) => `${messageId} ${block}`)).size).toBe(
      textOf(rig).length,
    );
    expect(textOf(rig).join()).not.toContain('cut off');
    expect(
      rig.ledger
        .of('note')
        .map(({ text }) => text)
        .join(),
    ).toContain('cut off');
  });

  it('asks once and runs once for a tool call before the cut', async () => {
    const tool = '{ tool_use: { name: Bash, input: { command: "echo x >> ran" } } }';
    const rig = await cutAtGate(cutAt(`[{ text: Let me }, ${tool}, { gate: here }]`));
    const { requestId, ask } = await rig.ledger.nth('ask', 1);
    const wire = await reattach(rig);
    rig.allow(wire, requestId, ask.kind === 'tool' ? ask.input : {});
    const turn = await rig.ledger.nth('turn', 1);
    expect(turn).toMatchObject({ isError: false, text: 'done' });
    expect(rig.ledger.of('ask')).toHaveLength(1);
    expect(rig.ledger.of('tool_use')).toHaveLength(1);
    expect(rig.ledger.of('tool_result')).toHaveLength(1);
  });

  async function reattach(rig: Rig): Promise<Wire> {
    const { wire } = rig as Rig & { wire: Wire };
    wire.close();
    rig.sim.control.gates.release('here', { stay: true });
    return await rig.attach();
  }

  it('refuses an epoch that was taken, and closes the older wire for a newer one', async () => {
    const rig = await rigWith();
    const older = await rig.attach(5);
    await expect(rig.attach(5)).rejects.toMatchObject({ code: 'wire_refused' });
    await expect(rig.attach(4)).rejects.toMatchObject({ code: 'wire_refused' });
    const newer = await rig.attach(6);
    await older.closed;
    rig.prompt(newer, 'hello');
    expect((await rig.ledger.nth('turn', 1)).text).toBe('unused');
  });

  it('ends with the words why when the CLI is killed, so that another container can go on', async () => {
    const rig = await rigWith();
    const wire = await rig.attach();
    rig.prompt(wire, 'hello');
    await rig.ledger.nth('turn', 1);
    const children = spawn('pkill', ['-KILL', '-P', String(rig.runner.pid)]);
    await new Promise((resolve) => children.once('exit', resolve));
    expect(await rig.exited).toBe(137);
    expect(rig.words()).toContain('Claude was ended by SIGKILL');
    expect(rig.ledger.frames.filter(({ type }) => type === 'failure')).toEqual([]);
  });
});
