import type { IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject } from './json.ts';

/** A request body as text. */
export type Body =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number }
  | { readonly kind: 'too-large' };

/** Reads a body of at most `limit` bytes; the rest of a larger one is read and dropped. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (bytes > limit) return { kind: 'too-large' };
  return { kind: 'text', text: Buffer.concat(chunks).toString('utf8'), bytes };
}

/** The JSON object that `text` is, or undefined. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
