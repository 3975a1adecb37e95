import { AirlockError } from '@airlock/protocol/errors';
import { secretNamePattern } from '@airlock/protocol/mcp';
import type { Secret } from './gateway/secrets.ts';

const prefix = 'AIRLOCK_SECRET_';
const hostsPrefix = `${prefix}HOSTS_`;
type Values = Readonly<Record<string, string | undefined>>;

/**
 * The secrets among settings, by name: `AIRLOCK_SECRET_<NAME>` is one, `AIRLOCK_SECRET_HOSTS_<NAME>` says where it may be
 * sent. Throws `config_invalid`, which names settings and never quotes them.
 */
export function readSecrets(values: Values): ReadonlyMap<string, Secret> {
  const secrets = new Map<string, Secret>();
  const problems: string[] = [];
  for (const [setting, value] of Object.entries(values)) {
    if (!setting.startsWith(prefix) || setting.startsWith(hostsPrefix) || value === undefined) continue;
    const name = setting.slice(prefix.length);
    const hosts = hostsOf(values[`${hostsPrefix}${name}`]);
    const problem = problemOf(name, value, hosts);
    if (problem !== undefined) problems.push(problem);
    secrets.set(name, { value, hosts });
  }
  for (const setting of Object.keys(values)) {
    const name = setting.startsWith(hostsPrefix) ? setting.slice(hostsPrefix.length) : undefined;
    if (name !== undefined && !secrets.has(name)) problems.push(`${setting}: ${prefix}${name} is not set`);
  }
  if (problems.length > 0) throw new AirlockError('config_invalid', problems.join('; '));
  return secrets;
}

/** The environment without secrets, for programs the host starts. */
export function withoutSecrets(env: Values): Values {
  return Object.fromEntries(Object.entries(env).filter(([setting]) => !setting.startsWith(prefix)));
}

function problemOf(name: string, value: string, hosts: readonly string[]): string | undefined {
  const setting = `${prefix}${name}`;
  if (!secretNamePattern.test(name)) return `${setting}: a name is LIKE_THIS, 64 characters at most`;
  if (!/^[\x21-\x7e]{8,3000}$/.test(value)) return `${setting}: must be 8 or more printable characters without spaces`;
  if (hosts.length === 0) return `${hostsPrefix}${name}: must name the hosts the secret may be sent to`;
  if (hosts.every(isHost)) return undefined;
  return `${hostsPrefix}${name}: must be hosts with commas between them, as in mcp.example.com,mcp.example.com:8443`;
}

function hostsOf(text = ''): string[] {
  return text
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
}

/** Whether it is written as it will be compared: as the host of a URL, without the port that goes without saying. */
function isHost(text: string): boolean {
  const either = [`https://${text}`, `http://${text}`];
  return either.some((url) => URL.canParse(url) && new URL(url).host === text);
}
