/**
 * A moment of a response: before its headers, after them but before any event, inside block `block` after `piece` pieces,
 * or after block `block` is complete. Blocks count from 0 and leave out gates.
 */
export type Point =
  | { readonly at: 'headers' }
  | { readonly at: 'start' }
  | { readonly at: 'piece'; readonly block: number; readonly piece: number }
  | { readonly at: 'block'; readonly block: number };

/** `destroy` the socket, `end` the body cleanly without message_stop, or send an SSE `error` event and end. */
type CutKind = 'destroy' | 'end' | 'error';

/** What goes wrong while an answer is delivered. A stall never sends another byte. */
export type Fault =
  | { readonly kind: 'cut'; readonly point: Point; readonly how: CutKind }
  | { readonly kind: 'stall'; readonly point: Point };
