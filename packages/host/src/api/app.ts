import { apiBase } from '@airlock/protocol/api';
import { AirlockError, errorTable } from '@airlock/protocol/errors';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { except } from 'hono/combine';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { authRoutes } from './auth-routes.ts';
import { cacheRoutes } from './cache-routes.ts';
import { type ApiDeps, createRouter } from './context.ts';
import { executionRoutes } from './execution-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { guard } from './guard.ts';
import { checkJsonBody } from './json-body.ts';
import { servePanel } from './panel.ts';
import { requestRoutes } from './request-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { systemRoutes } from './system-routes.ts';
import { uploadRoutes } from './upload-routes.ts';
import { workspaceRoutes } from './workspace-routes.ts';

const maxBodyBytes = 2 * 1024 * 1024;

const filesPath = `${apiBase}/executions/:id/files/*`;

/** Everything the host serves on its port. */
export function createApp(deps: ApiDeps) {
  const app = createRouter();
  // What is in a file is anybody's: even shown on a page of its own it can do nothing.
  app.use(filesPath, secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], sandbox: [] } }));
  app.use(
    except(
      filesPath,
      secureHeaders({
        contentSecurityPolicy: {
          defaultSrc: ["'self'"],
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          objectSrc: ["'none'"],
          frameSrc: ["'none'"],
          formAction: ["'self'"],
          baseUri: ["'none'"],
          frameAncestors: ["'none'"],
        },
        xFrameOptions: 'DENY',
      }),
    ),
  );
  app.get('/api/health', (c) => c.json({ status: 'alive' }));
  app.get('/api/ready', async (c) => {
    const reasons = await deps.notReady();
    if (reasons.length > 0) throw new AirlockError('service_unavailable', reasons.join('; '));
    return c.json({ status: 'ready' });
  });

  const tooLarge = () => {
    throw new AirlockError('too_large', `A request may have ${maxBodyBytes / 1024 ** 2} MiB`);
  };
  app.use(
    `${apiBase}/*`,
    guard(deps.auth),
    except(isStreamed, bodyLimit({ maxSize: maxBodyBytes, onError: tooLarge }), checkJsonBody),
  );
  const routes = [
    authRoutes,
    serviceRoutes,
    executionRoutes,
    // Before the files of other places, which have the same form.
    workspaceRoutes,
    fileRoutes,
    uploadRoutes,
    requestRoutes,
    sessionRoutes,
    systemRoutes,
    cacheRoutes,
  ];
  for (const make of routes) app.route(apiBase, make(deps));
  app.doc31(`${apiBase}/openapi.json`, { openapi: '3.1.0', info: { title: 'Airlock', version: '1' } });

  app.all('/api/*', (c) => {
    throw new AirlockError('not_found', `There is no ${c.req.method} ${c.req.path}`);
  });
  for (const serve of servePanel(deps.panelDir)) app.use('*', serve);
  app.notFound(() => {
    throw new AirlockError('not_found', 'There is no such page');
  });
  app.onError((thrown, c) => {
    const error = toAirlockError(thrown);
    if (isOurFault(error)) deps.logger.error({ error: thrown, path: c.req.path }, 'A request failed');
    return c.json({ error: error.toBody() }, errorTable[error.code].status as ContentfulStatusCode);
  });
  return app;
}

/** Bodies that are taken as they come, and have limits of their own. */
function isStreamed({ req: { method, path } }: Context): boolean {
  if (method === 'PATCH') return path.startsWith(`${apiBase}/uploads/`);
  return method === 'PUT' && /^\/api\/v1\/executions\/[^/]+\/files\//.test(path);
}

function isOurFault({ code }: AirlockError): boolean {
  return code === 'internal' || code === 'store_unusable' || code === 'disk_full';
}

/** What clients are told; the text of an unexpected error stays in the log. */
function toAirlockError(thrown: Error): AirlockError {
  if (thrown instanceof AirlockError) return thrown;
  // What is no JSON was refused before: what cannot be read here is empty.
  if (thrown instanceof HTTPException) return new AirlockError('bad_request', 'The body is empty');
  return new AirlockError('internal', 'The request could not be carried out');
}
