import { AirlockError } from '@airlock/protocol/errors';
import { type McpServers, type RemoteMcpServer, secretReference } from '@airlock/protocol/mcp';

/** A value services may use by its name, and never see. */
export interface Secret {
  /** Printable ASCII without spaces, at least 8 characters. */
  readonly value: string;
  /** Where it may be sent: hosts as they stand in a URL, with the port unless it is the usual one. */
  readonly hosts: readonly string[];
}

export interface Filled {
  /** What is sent, by name in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** The values in it that nobody may see, the longest first: one may begin as another does. */
  readonly values: readonly string[];
  /** Their settings. */
  readonly settings: readonly string[];
}

/** Secrets by name, put into the headers of MCP servers. */
export interface Secrets {
  /** Throws `secret_unusable`, naming the setting, when one is not there or may not be sent to this server. */
  fill(name: string, server: RemoteMcpServer): Filled;
  /** Throws what `fill` would, for the first of a session's servers it would throw for. */
  require(servers: McpServers): void;
}

export function createSecrets(secrets: ReadonlyMap<string, Secret>): Secrets {
  function use(name: string, server: string, host: string): Secret {
    const secret = secrets.get(name);
    if (!secret) throw unusable(`AIRLOCK_SECRET_${name} is not set; the MCP server ${server} wants it`);
    if (secret.hosts.includes(host)) return secret;
    throw unusable(`AIRLOCK_SECRET_HOSTS_${name} does not name ${host}, where the MCP server ${server} is`);
  }

  function fill(server: string, { url, headers = {} }: RemoteMcpServer): Filled {
    const { host } = new URL(url);
    const used = new Map<string, string>();
    const filled = Object.entries(headers).map(([name, text]) => {
      const value = text.replace(secretReference, (_, secret: string) => {
        const { value } = use(secret, server, host);
        used.set(secret, value);
        return value;
      });
      return [name.toLowerCase(), value] as const;
    });
    const settings = [...used.keys()].map((name) => `AIRLOCK_SECRET_${name}`);
    const values = [...used.values()].sort((a, b) => b.length - a.length);
    return { headers: Object.fromEntries(filled), values, settings };
  }

  return {
    fill,
    require(servers) {
      for (const [name, server] of Object.entries(servers)) if ('url' in server) fill(name, server);
    },
  };
}

function unusable(detail: string): AirlockError {
  return new AirlockError('secret_unusable', detail);
}
