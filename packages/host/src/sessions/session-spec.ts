import { createHash } from 'node:crypto';
import { cacheEnv } from '@airlock/protocol/caches';
import type { SessionSpec } from '@airlock/protocol/wire';
import { toldServers } from './mcp-servers.ts';
import { grantsOf, type SessionRow, sessionId, settingsOf } from './session-row.ts';

/** A runner without a host for this long ends itself. */
const orphanMs = 30 * 60_000;

type Given = Pick<SessionRow, 'id' | 'options' | 'grants' | 'token'>;

/** What a container of this session is told at birth; `resumes`: it takes up what an earlier one held, and put off. */
export function specOf(row: SessionRow, resumes: boolean, putOff?: SessionSpec['putOff']): SessionSpec {
  return {
    session: sessionId(row),
    tokenHash: createHash('sha256').update(row.token).digest('hex'),
    orphanMs,
    ...(resumes ? { resumes: true } : {}),
    ...(putOff === undefined ? {} : { putOff }),
    ...claudeOf(row),
  };
}

/** Everything that makes Claude in one session other than in another. */
function claudeOf(row: Given): Omit<SessionSpec, 'session' | 'tokenHash' | 'orphanMs' | 'resumes' | 'putOff'> {
  const { model, appendSystemPrompt, permissionMode, effort, rules = [], caches = [], ...given } = settingsOf(row);
  const { fallbackModel, maxTurns, allowedTools, disallowedTools, plugins, agents, mcpServers, tools } = given;
  const grants = grantsOf(row);
  const env = cacheEnv(caches);
  return {
    ...(model === undefined ? {} : { model }),
    ...(appendSystemPrompt === undefined ? {} : { appendSystemPrompt }),
    ...(permissionMode === undefined ? {} : { permissionMode }),
    ...(effort === undefined ? {} : { effort }),
    ...(fallbackModel === undefined ? {} : { fallbackModel }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
    ...(allowedTools === undefined ? {} : { allowedTools }),
    ...(plugins === undefined ? {} : { plugins }),
    ...(disallowedTools === undefined ? {} : { disallowedTools }),
    ...(agents === undefined ? {} : { agents }),
    ...(mcpServers === undefined ? {} : { mcpServers: toldServers(mcpServers) }),
    ...(tools === undefined ? {} : { tools }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
    ...(rules.length === 0 ? {} : { checks: true }),
    ...(grants.length === 0 ? {} : { grants }),
  };
}

/** The same for sessions whose containers could stand for one another: what they are told, and what they may take. */
export function kindOf(row: Given, service: string): string {
  const { memoryBytes, workspaceBytes, cpus, caches = [] } = settingsOf(row);
  const mounted = caches.map(({ name, fill }) => [service, name, fill]);
  const all = JSON.stringify([claudeOf(row), memoryBytes, workspaceBytes, cpus, mounted]);
  return createHash('sha256').update(all).digest('hex');
}
