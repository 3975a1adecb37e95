import type { ToolSpec } from '@airlock/protocol/service-channel';
import type { SingleFrame } from '@airlock/protocol/wire';
import type { McpSdkServerConfigWithInstance } from '@anthropic-ai/claude-agent-sdk';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { expect, it, vi } from 'vitest';
import { createServiceTools } from './service-tools.ts';

const spec = (name: string, more: Partial<ToolSpec> = {}): ToolSpec => ({
  name,
  description: `About ${name}`,
  inputSchema: { type: 'object', properties: { a: { type: 'number' } } },
  ask: false,
  timeoutMs: 60_000,
  ...more,
});

async function rig(...specs: ToolSpec[]) {
  const frames: SingleFrame[] = [];
  const tools = createServiceTools(specs, (frame) => frames.push(frame));
  const { instance } = tools.servers.service as McpSdkServerConfigWithInstance;
  const [here, there] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'claude', version: '1' });
  await Promise.all([instance.connect(there), client.connect(here)]);
  const use = (name: string, toolUseId: string) =>
    client.callTool({ name, arguments: { a: 1 }, _meta: { 'claudecode/toolUseId': toolUseId } });
  const call = async (toolUseId: string) => {
    const find = () => frames.find((frame) => frame.type === 'tool_call' && frame.toolUseId === toolUseId);
    await vi.waitUntil(find);
    const frame = find();
    if (frame?.type !== 'tool_call') throw new Error('It is not asked for');
    return frame;
  };
  return { frames, tools, client, use, call };
}

it('offers the tools as they were described, and nothing when there are none', async () => {
  const { client } = await rig(spec('price'), spec('order'));
  const { tools } = await client.listTools();
  expect(tools).toMatchObject([
    { name: 'price', description: 'About price', inputSchema: { properties: { a: { type: 'number' } } } },
    { name: 'order' },
  ]);
  expect(createServiceTools([], () => undefined).servers).toEqual({});
});

it('asks the host to run each use, several at once, and gives each its own answer', async () => {
  const { tools, use, call } = await rig(spec('price'));
  const [first, second] = [use('price', 't1'), use('price', 't2')];
  const [one, two] = [await call('t1'), await call('t2')];
  expect(one).toMatchObject({ tool: 'price', input: { a: 1 } });
  tools.answer({ type: 'tool_answer', callId: two.callId, result: { text: 'two', isError: false } });
  tools.answer({ type: 'tool_answer', callId: one.callId, result: { text: 'one', isError: true } });
  tools.answer({ type: 'tool_answer', callId: 'of another container', result: { text: 'x', isError: false } });
  expect(await first).toMatchObject({ content: [{ text: 'one' }], isError: true });
  expect(await second).toMatchObject({ content: [{ text: 'two' }], isError: false });
});

it('says so when there is no such tool, and when it takes too long', async () => {
  const { use } = await rig(spec('slow', { timeoutMs: 20 }));
  expect(await use('slow', 't1')).toMatchObject({
    content: [{ text: 'It did not answer within 1 s' }],
    isError: true,
  });
  expect(await use('nothing', 't2')).toMatchObject({ isError: true });
});

it('knows which of them nobody is asked about, by where they come from', async () => {
  const { tools } = await rig(spec('price'), spec('order', { ask: true }));
  const sdk = { name: 'service', source: 'sdk' };
  expect([
    tools.isFree('mcp__service__price', sdk),
    tools.isFree('mcp__service__order', sdk),
    tools.isFree('mcp__service__price', { ...sdk, source: 'project' }),
    tools.isFree('mcp__service__price', undefined),
  ]).toEqual([true, false, false, false]);
});
