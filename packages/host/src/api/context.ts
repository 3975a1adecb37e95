import type { System, User } from '@airlock/protocol/api';
import { AirlockError } from '@airlock/protocol/errors';
import { fieldErrorsOf } from '@airlock/protocol/issues';
import type { HttpBindings } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Auth } from '../auth/auth.ts';
import type { Caches } from '../caches/caches.ts';
import type { Executions } from '../executions/executions.ts';
import type { Files } from '../files/files.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Steering } from '../sessions/steering.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';

export interface ApiDeps {
  readonly auth: Auth;
  readonly executions: Executions;
  readonly inbox: Inbox;
  readonly files: Files;
  /** Resolves when files on their way from an execution's sessions are kept, or after a while. */
  readonly filesSettled: (execution: string) => Promise<void>;
  readonly workspaces: Workspaces;
  readonly steering: Steering;
  readonly sessions: Pick<Sessions, 'describe' | 'inside' | 'readLog'>;
  readonly caches: Pick<Caches, 'list' | 'remove'>;
  readonly log: Log;
  readonly system: () => Promise<System>;
  /** Why the host cannot work now; empty when it can. */
  readonly notReady: () => Promise<string[]>;
  /** Stops the host soon after; with sessions, ends them first. */
  readonly stop: (sessions: boolean) => void;
  /** Folder of the built panel. */
  readonly panelDir: string;
  readonly logger: { error(fields: object, text: string): void };
}

export interface ApiEnv {
  Bindings: HttpBindings;
  Variables: { user: User };
}

/** Where it was, in words. */
const places: Readonly<Record<string, string>> = {
  json: 'body',
  param: 'address',
  query: 'query of the address',
  header: 'header',
};

/** A router whose validation errors have our form. */
export function createRouter() {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const code = result.target === 'json' ? 'invalid_inputs' : 'bad_request';
      const detail = `The ${places[result.target] ?? result.target} has another form than expected`;
      throw new AirlockError(code, detail, { fields: fieldErrorsOf(result.error.issues) });
    },
  });
}
