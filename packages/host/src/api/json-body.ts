import { AirlockError } from '@airlock/protocol/errors';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './context.ts';

/** Deepest nesting of arrays and objects a body may have; what reads them goes one call deeper for each. */
const maxDepth = 64;

/** How deep arrays and objects in a JSON text are nested; brackets in strings do not count. */
export function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at];
    if (isInString) {
      if (char === '\\') at += 1;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === '[' || char === '{') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (char === ']' || char === '}') depth -= 1;
  }
  return deepest;
}

/** Refuses bodies that are no JSON, or too deep to be read. */
export const checkJsonBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const type = c.req.header('content-type') ?? '';
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return await next();
  const text = await c.req.text();
  if (text === '') return await next();
  if (!/^application\/json\b/i.test(type)) {
    throw new AirlockError('bad_request', `A body must have the content type application/json, not "${type}"`);
  }
  if (depthOf(text) > maxDepth)
    throw new AirlockError('bad_request', `The body is nested deeper than ${maxDepth} levels`);
  try {
    JSON.parse(text);
  } catch (error) {
    throw new AirlockError('bad_request', `The body is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  return await next();
};
