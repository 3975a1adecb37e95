import { type Block, type ContentBlock, contentBlocks } from './answer.ts';
import { errorBody } from './api-error.ts';
import type { Fault } from './fault.ts';
import type { Message, MessageBlock } from './message.ts';
import { pieces } from './pieces.ts';

/** One event of the stream; its `type` is also the SSE event name. */
export interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What a response does next. `paced` sends wait for the pace first. */
export type Move =
  | { readonly do: 'send'; readonly event: StreamEvent; readonly paced: boolean }
  | { readonly do: 'gate'; readonly name: string }
  | { readonly do: 'stall' }
  | { readonly do: 'destroy' }
  | { readonly do: 'end' };

/** Every move that delivers `message` as a stream, up to its end or to `fault`. `blocks` say where gates stand. */
export function* streamMoves(message: Message, blocks: readonly Block[], fault?: Fault): Generator<Move> {
  if (fault?.point.at === 'start') return yield* breakOff(fault);
  yield send(messageStart(message));
  yield send({ type: 'ping' });
  let index = 0;
  for (const block of blocks) {
    if (block.type === 'gate') {
      yield { do: 'gate', name: block.name };
      continue;
    }
    const content = message.content[index];
    if (content === undefined) break;
    if (yield* blockMoves(index, content, block, fault)) return;
    index += 1;
  }
  const { stop_reason, stop_sequence, usage } = message;
  yield send({ type: 'message_delta', delta: { stop_reason, stop_sequence }, usage });
  yield send({ type: 'message_stop' });
  yield { do: 'end' };
}

/** The gates an answer passes, in order: what a response that is not streamed waits for. */
export function gateNames(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => {
    if (block.type === 'gate') return [block.name];
    return block.gate === undefined ? [] : [block.gate.name];
  });
}

/** Whether `fault` names a place that an answer of `blocks` has. */
export function reaches(blocks: readonly Block[], fault: Fault): boolean {
  return !('block' in fault.point) || fault.point.block < contentBlocks(blocks).length;
}

function* blockMoves(
  index: number,
  content: MessageBlock,
  block: ContentBlock,
  fault?: Fault,
): Generator<Move, boolean> {
  const point = fault?.point;
  const deltas = blockDeltas(content);
  const faultPiece = point?.at === 'piece' && point.block === index ? Math.min(point.piece, deltas.length) : undefined;
  const gatePiece = block.gate === undefined ? undefined : Math.min(block.gate.piece, deltas.length);
  yield send({ type: 'content_block_start', index, content_block: emptyBlock(content) });
  for (let piece = 0; piece <= deltas.length; piece += 1) {
    if (block.gate !== undefined && piece === gatePiece) yield { do: 'gate', name: block.gate.name };
    if (fault !== undefined && piece === faultPiece) {
      yield* breakOff(fault);
      return true;
    }
    const delta = deltas[piece];
    if (delta !== undefined) yield send({ type: 'content_block_delta', index, delta }, true);
  }
  yield send({ type: 'content_block_stop', index });
  if (fault === undefined || point?.at !== 'block' || point.block !== index) return false;
  yield* breakOff(fault);
  return true;
}

function* breakOff(fault: Fault): Generator<Move> {
  if (fault.kind === 'stall') {
    yield { do: 'stall' };
    return;
  }
  if (fault.how === 'error') yield send(errorBody(529));
  yield fault.how === 'destroy' ? { do: 'destroy' } : { do: 'end' };
}

function send(event: StreamEvent, paced = false): Move {
  return { do: 'send', event, paced };
}

function messageStart(message: Message): StreamEvent {
  const usage = { ...message.usage, output_tokens: 1 };
  return { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage } };
}

function emptyBlock(content: MessageBlock): MessageBlock {
  switch (content.type) {
    case 'text':
      return { type: 'text', text: '' };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'tool_use':
      return { ...content, input: {} };
  }
}

function blockDeltas(content: MessageBlock): StreamEvent[] {
  switch (content.type) {
    case 'text':
      return pieces(content.text).map((text) => ({ type: 'text_delta', text }));
    case 'thinking':
      return [
        ...pieces(content.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: content.signature },
      ];
    case 'tool_use':
      return pieces(JSON.stringify(content.input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  }
}
