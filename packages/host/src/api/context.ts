import type { System, User } from '@airlock/protocol/api';
import { AirlockError, type FieldErrors } from '@airlock/protocol/errors';
import type { HttpBindings } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Auth } from '../auth/auth.ts';
import type { Executions } from '../executions/executions.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';

export interface ApiDeps {
  readonly auth: Auth;
  readonly executions: Executions;
  readonly inbox: Inbox;
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

/** A router whose validation errors have our form. */
export function createRouter() {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const fields: FieldErrors = {};
      for (const issue of result.error.issues) {
        const name = issue.path.length > 0 ? issue.path.join('.') : '_global_';
        fields[name] = [...(fields[name] ?? []), issue.message];
      }
      const code = result.target === 'json' ? 'invalid_inputs' : 'bad_request';
      throw new AirlockError(code, `The ${result.target} does not fit`, { fields });
    },
  });
}
