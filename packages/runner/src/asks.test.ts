import type { JsonObject } from '@airlock/protocol/json';
import type { UpFrame } from '@airlock/protocol/wire';
import type { CanUseTool, PermissionUpdate } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAsks } from './asks.ts';

function createRig() {
  const frames: UpFrame[] = [];
  const edited: [string, JsonObject][] = [];
  const asks = createAsks({
    send: (frame) => frames.push(frame),
    isFree: (tool, from) => tool === 'mcp__service__free' && from?.source === 'sdk',
    onEdited: (toolUseId, input) => edited.push([toolUseId, input]),
  });
  const withdrawal = new AbortController();
  const ask = (tool: string, input: Record<string, unknown>, more: Partial<Parameters<CanUseTool>[2]> = {}) =>
    asks.canUseTool(tool, input, {
      signal: withdrawal.signal,
      toolUseID: 't',
      requestId: 'r',
      title: 'Run it?',
      ...more,
    });
  return { frames, edited, asks, ask, withdrawal };
}

const questions = [
  {
    question: 'Tea?',
    header: 'Drink',
    multiSelect: false,
    options: [
      { label: 'Yes', description: 'Green', preview: '<b>cup</b>' },
      { label: 'No', description: '' },
    ],
  },
];

describe('createAsks()', () => {
  it('asks about a tool and gives back the verdict', async () => {
    const { frames, asks, ask } = createRig();
    const decided = ask('Bash', { command: 'ls' });
    expect(frames).toEqual([
      {
        type: 'ask',
        requestId: 'r',
        ask: { kind: 'tool', tool: 'Bash', input: { command: 'ls' }, toolUseId: 't', title: 'Run it?' },
      },
    ]);
    expect(asks.answer('r', { behavior: 'allow', updatedInput: { command: 'pwd' } })).toBe(true);
    expect(await decided).toEqual({ behavior: 'allow', updatedInput: { command: 'pwd' } });
    expect(asks.answer('r', { behavior: 'allow' })).toBe(false);
  });

  it('allows the input asked for when none is given', async () => {
    const { asks, ask, edited } = createRig();
    const decided = ask('Bash', { command: 'ls' });
    asks.answer('r', { behavior: 'allow' });
    expect(await decided).toEqual({ behavior: 'allow', updatedInput: { command: 'ls' } });
    expect(edited).toEqual([]);
  });

  it('asks nobody about what is free, and goes by where it comes from', async () => {
    const { frames, ask } = createRig();
    const from = (source: string) => ({ mcpServer: { name: 'service', source } });
    expect(await ask('mcp__service__free', { a: 1 }, from('sdk'))).toEqual({
      behavior: 'allow',
      updatedInput: { a: 1 },
    });
    expect(frames).toEqual([]);
    void ask('mcp__service__free', { a: 1 }, from('project'));
    expect(frames).toHaveLength(1);
  });

  it('notes what a person has changed, and not what only came in another order', async () => {
    const { asks, ask, edited } = createRig();
    const same = ask('Bash', { command: 'ls', timeout: 1 });
    asks.answer('r', { behavior: 'allow', updatedInput: { timeout: 1, command: 'ls' } });
    await same;
    expect(edited).toEqual([]);
    const other = ask('Bash', { command: 'ls' });
    asks.answer('r', { behavior: 'allow', updatedInput: { command: 'pwd' } });
    await other;
    expect(edited).toEqual([['t', { command: 'pwd' }]]);
  });

  it('tells where a call comes from, and what could be allowed for good', async () => {
    const { frames, asks, ask } = createRig();
    const rules = [{ toolName: 'Bash', ruleContent: 'npm test:*' }];
    const suggestion: PermissionUpdate = { type: 'addRules', rules, behavior: 'allow', destination: 'localSettings' };
    const about = {
      mcpServer: { name: 'db', source: 'project' },
      agentID: 'a1',
      defaultToNo: true,
      blockedPath: '/etc',
    };
    const decided = ask('Bash', { command: 'npm test' }, { suggestions: [suggestion], ...about });
    const grants = [{ type: 'addRules', rules, behavior: 'allow' }] as const;
    expect(frames[0]).toMatchObject({
      ask: { grants, mcpServer: about.mcpServer, agent: 'a1', defaultToNo: true, blockedPath: '/etc' },
    });
    asks.answer('r', { behavior: 'allow', grants: [{ type: 'addRules', rules, behavior: 'allow' }] });
    expect(await decided).toEqual({
      behavior: 'allow',
      updatedInput: { command: 'npm test' },
      updatedPermissions: [{ ...suggestion, destination: 'session' }],
    });
  });

  it.each<[string, PermissionUpdate[], boolean]>([
    ['must not be', [{ type: 'setMode', mode: 'acceptEdits', destination: 'session' }], true],
    ['would end all asking', [{ type: 'setMode', mode: 'bypassPermissions', destination: 'session' }], false],
    [
      'would deny',
      [{ type: 'addRules', rules: [{ toolName: 'Bash' }], behavior: 'deny', destination: 'session' }],
      false,
    ],
    [
      'is only half known',
      [
        { type: 'setMode', mode: 'acceptEdits', destination: 'session' },
        { type: 'removeDirectories', directories: ['/'], destination: 'session' },
      ],
      false,
    ],
  ])('offers nothing for good that %s', (_, suggestions, suppressAlwaysAllowRule) => {
    const { frames, ask } = createRig();
    void ask('Bash', {}, { suggestions, suppressAlwaysAllowRule });
    expect(frames[0]).toMatchObject({ ask: { kind: 'tool' } });
    expect(JSON.stringify(frames)).not.toContain('grants');
  });

  it('asks for leave to begin with a plan, and shows one without a plan as a tool', async () => {
    const { frames, asks, ask } = createRig();
    const decided = ask('ExitPlanMode', { plan: '# Plan', allowedPrompts: [] });
    expect(frames[0]).toMatchObject({ ask: { kind: 'plan', plan: '# Plan' } });
    asks.answer('r', { behavior: 'allow', grants: [{ type: 'setMode', mode: 'acceptEdits' }] });
    expect(await decided).toEqual({
      behavior: 'allow',
      updatedInput: { plan: '# Plan', allowedPrompts: [] },
      updatedPermissions: [{ type: 'setMode', mode: 'acceptEdits', destination: 'session' }],
    });
    void ask('ExitPlanMode', {});
    expect(frames[1]).toMatchObject({ ask: { kind: 'tool', tool: 'ExitPlanMode' } });
  });

  it('denies with the person’s words', async () => {
    const { asks, ask } = createRig();
    const decided = ask('Bash', {});
    asks.answer('r', { behavior: 'deny', message: 'No', interrupt: true });
    expect(await decided).toEqual({ behavior: 'deny', message: 'No', interrupt: true });
  });

  it('asks questions, and gives the CLI back its own with the answers', async () => {
    const { frames, asks, ask } = createRig();
    const decided = ask('AskUserQuestion', { questions });
    expect(frames[0]).toMatchObject({ ask: { kind: 'question', questions: [{ question: 'Tea?' }] } });
    expect(JSON.stringify(frames)).toContain('cup');
    asks.answer('r', { behavior: 'allow', updatedInput: { questions: [], answers: { 'Tea?': 'Yes' } } });
    expect(await decided).toEqual({ behavior: 'allow', updatedInput: { questions, answers: { 'Tea?': 'Yes' } } });
  });

  it('shows an AskUserQuestion of another form as a tool', () => {
    const { frames, ask } = createRig();
    void ask('AskUserQuestion', { questions: 'none' });
    expect(frames[0]).toMatchObject({ ask: { kind: 'tool', tool: 'AskUserQuestion' } });
  });

  it('passes on what an MCP server asks for, as a form, and gives back what was answered', async () => {
    const { frames, asks, withdrawal } = createRig();
    const requestedSchema = { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] };
    const elicit = (requestId: string, more = {}) =>
      asks.onElicitation(
        { serverName: 'db', message: 'Who?', requestedSchema, ...more },
        { requestId, signal: withdrawal.signal },
      );
    const [form, address, odd, left] = [
      elicit('e1'),
      elicit('e2', { mode: 'url', url: 'https://example.com' }),
      elicit('e3', { requestedSchema: { properties: { a: { type: 'object' } } } }),
      elicit('e4'),
    ];
    expect(frames).toMatchObject([
      { requestId: 'e1', ask: { kind: 'elicitation', server: 'db', elements: [{ type: 'text', name: 'who' }] } },
      { requestId: 'e2', ask: { url: 'https://example.com' } },
      { requestId: 'e3', ask: { message: 'Who?' } },
      { requestId: 'e4' },
    ]);
    expect(JSON.stringify(frames.slice(1, 3))).not.toContain('elements');
    asks.answer('e1', { behavior: 'elicited', action: 'accept', content: { who: 'Ada' } });
    asks.answer('e2', { behavior: 'elicited', action: 'decline' });
    asks.answer('e3', { behavior: 'deny', message: 'Nobody answered in time' });
    withdrawal.abort();
    expect(await Promise.all([form, address, odd, left])).toEqual([
      { action: 'accept', content: { who: 'Ada' } },
      { action: 'decline' },
      { action: 'cancel' },
      { action: 'cancel' },
    ]);
  });

  it('withdraws an ask the CLI gave up, once', async () => {
    const { frames, asks, ask, withdrawal } = createRig();
    const decided = ask('Bash', {});
    withdrawal.abort();
    expect((await decided)?.behavior).toBe('deny');
    expect(frames.at(-1)).toEqual({ type: 'ask_withdrawn', requestId: 'r' });
    expect(asks.answer('r', { behavior: 'allow' })).toBe(false);
  });
});

describe('a call that is held before the CLI decides', () => {
  const input = { command: 'ls', description: 'Lists' };
  const mcpServer = { name: 'db', source: 'dynamic' };
  const call = { toolUseId: 't', tool: 'Bash', input, reason: 'careful', mcpServer };

  it('is asked about under its own id, and the CLI gets what was said when it asks itself', async () => {
    const { frames, edited, asks, ask, withdrawal } = createRig();
    const held = asks.hold(call, withdrawal.signal);
    expect(frames).toEqual([
      {
        type: 'ask',
        requestId: 't',
        ask: { kind: 'tool', tool: 'Bash', input, toolUseId: 't', description: 'Lists', reason: 'careful', mcpServer },
      },
    ]);
    asks.answer('t', { behavior: 'allow', updatedInput: { command: 'pwd' } });
    expect(await held).toBe('decided');
    expect(await ask('Bash', input)).toEqual({ behavior: 'allow', updatedInput: { command: 'pwd' } });
    expect(edited).toEqual([['t', { command: 'pwd' }]]);
    expect(frames).toHaveLength(1);
    // An answer is for one call.
    void ask('Bash', input);
    expect(frames).toHaveLength(2);
  });

  it('stops the turn when it is denied so', async () => {
    const { asks, ask, withdrawal } = createRig();
    void asks.hold(call, withdrawal.signal);
    asks.answer('t', { behavior: 'deny', message: 'No', interrupt: true });
    expect(await ask('Bash', input)).toEqual({ behavior: 'deny', message: 'No', interrupt: true });
  });

  it('is asked about again when it is another by then', async () => {
    const { frames, asks, ask, withdrawal } = createRig();
    void asks.hold(call, withdrawal.signal);
    asks.answer('t', { behavior: 'allow' });
    void ask('Bash', { command: 'rm -rf /' });
    expect(frames.at(-1)).toMatchObject({ type: 'ask', requestId: 'r', ask: { input: { command: 'rm -rf /' } } });
  });

  it('is given up with the CLI, and its ask is withdrawn', async () => {
    const { frames, asks, withdrawal } = createRig();
    const held = asks.hold(call, withdrawal.signal);
    withdrawal.abort();
    expect(await held).toBe('withdrawn');
    expect(frames.at(-1)).toEqual({ type: 'ask_withdrawn', requestId: 't' });
    expect(asks.putOff('t')).toBe(false);
  });

  it('is put off with its ask left open', async () => {
    const { frames, asks, withdrawal } = createRig();
    const held = asks.hold(call, withdrawal.signal);
    expect(asks.putOff('t')).toBe(true);
    withdrawal.abort();
    expect(await held).toBe('put_off');
    expect(frames).toHaveLength(1);
    expect(asks.answer('t', { behavior: 'allow' })).toBe(false);
  });

  it('is left to the CLI after weeks, and asked about once all the same', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { frames, asks, ask, withdrawal } = createRig();
    const held = asks.hold(call, withdrawal.signal);
    await vi.advanceTimersByTimeAsync(20 * 24 * 60 * 60_000);
    expect(await held).toBe('decided');
    const decided = ask('Bash', input);
    asks.answer('t', { behavior: 'allow' });
    expect(await decided).toEqual({ behavior: 'allow', updatedInput: input });
    expect(frames).toHaveLength(1);
  });
});
