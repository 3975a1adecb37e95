import { describe, expect, it } from 'vitest';
import type { Block } from './answer.ts';
import { type Move, streamMoves } from './events.ts';
import type { Fault, Point } from './fault.ts';
import { composeMessage } from './message.ts';
import { pieces } from './pieces.ts';
import { request, said } from './testing/request.ts';

const blocks: readonly Block[] = [
  { type: 'thinking', thinking: 'let me see' },
  { type: 'text', text: 'one two three', gate: { name: 'inside', piece: 1 } },
  { type: 'gate', name: 'between' },
  { type: 'tool_use', name: 'Bash', input: { command: 'ls -la' } },
];

function moves(fault?: Fault): Move[] {
  const message = composeMessage(request([said('go')]), { blocks }, (prefix) => `${prefix}1`);
  return [...streamMoves(message, blocks, fault)];
}

function outline(list: readonly Move[]): string[] {
  return list.map((move) =>
    move.do === 'send' ? move.event.type : move.do === 'gate' ? `gate ${move.name}` : move.do,
  );
}

const cut = (point: Point, how: 'destroy' | 'end' | 'error' = 'destroy'): Fault => ({ kind: 'cut', point, how });

describe('streamMoves()', () => {
  it('sends the events of the Messages API in order, with gates where they stand', () => {
    const [block, delta, stop] = ['content_block_start', 'content_block_delta', 'content_block_stop'];
    expect(outline(moves())).toEqual([
      ...['message_start', 'ping'],
      ...[block, delta, delta, delta, delta, stop],
      ...[block, delta, 'gate inside', delta, delta, stop],
      'gate between',
      ...[block, delta, delta, delta, stop],
      ...['message_delta', 'message_stop', 'end'],
    ]);
  });

  it('loses no character of a text or an input', () => {
    const deltas = moves().flatMap((move) => (move.do === 'send' ? [move.event.delta] : []));
    const json = deltas.map((delta) => (delta as { partial_json?: string } | undefined)?.partial_json ?? '').join('');
    expect(JSON.parse(json)).toEqual({ command: 'ls -la' });
    const text = `  a\n\nb ${'😀'.repeat(30)} \u00a0 end\n`;
    expect(pieces(text).join('')).toBe(text);
    expect(pieces(text).every((piece) => [...piece].length <= 16)).toBe(true);
  });

  it('ends with a stop reason that fits, and token counts', () => {
    const delta = moves().find((move) => move.do === 'send' && move.event.type === 'message_delta');
    expect(delta).toMatchObject({
      event: { delta: { stop_reason: 'tool_use' }, usage: { output_tokens: expect.any(Number) } },
    });
  });

  it.each<[string, Fault, string[]]>([
    ['before any event', cut({ at: 'start' }), ['destroy']],
    ['in a block', cut({ at: 'piece', block: 0, piece: 1 }), ['content_block_start', 'content_block_delta', 'destroy']],
    ['at the end of a short block', cut({ at: 'piece', block: 1, piece: 99 }), ['content_block_delta', 'destroy']],
    ['after a block', cut({ at: 'block', block: 1 }), ['content_block_stop', 'destroy']],
    ['cleanly', cut({ at: 'block', block: 0 }, 'end'), ['content_block_stop', 'end']],
    ['with an error event', cut({ at: 'block', block: 0 }, 'error'), ['content_block_stop', 'error', 'end']],
    ['for ever', { kind: 'stall', point: { at: 'block', block: 0 } }, ['content_block_stop', 'stall']],
  ])('breaks off %s', (_, fault, end) => {
    expect(outline(moves(fault)).slice(-end.length)).toEqual(end);
  });
});
