import type { McpServers, RemoteMcpServer, ToldMcpServer } from '@airlock/protocol/mcp';
import { type SessionRow, settingsOf } from './session-row.ts';

/** What a container is told: where a server is that the host reaches, and what it is sent, stays here. */
export function toldServers(servers: McpServers): Record<string, ToldMcpServer> {
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]) => [name, 'url' in server ? { type: 'http' } : server]),
  );
}

/** The server of this name that the host reaches for the session, if its options have one. */
export function remoteServer(row: SessionRow, name: string): RemoteMcpServer | undefined {
  const { mcpServers = {} } = settingsOf(row);
  const server = Object.hasOwn(mcpServers, name) ? mcpServers[name] : undefined;
  return server !== undefined && 'url' in server ? server : undefined;
}
