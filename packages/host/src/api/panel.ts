import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './context.ts';

/** Serves the built panel; every path that is no file is a page of it. */
export function servePanel(dir: string): MiddlewareHandler<ApiEnv>[] {
  const root = relative(process.cwd(), dir) || '.';
  const files = serveStatic<ApiEnv>({
    root,
    onFound: (path, c) => {
      const hashed = path.includes('/assets/');
      c.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  const page: MiddlewareHandler<ApiEnv> = (c, next) => {
    if (c.req.method !== 'GET' || /\.\w+$/.test(c.req.path)) return next();
    return Promise.resolve(c.html(readFileSync(join(dir, 'index.html'), 'utf8'), 200, { 'cache-control': 'no-cache' }));
  };
  return [files, page];
}
