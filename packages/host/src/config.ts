import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { defaultPort } from '@airlock/protocol/api';
import { parseDotenv } from '@airlock/protocol/dotenv';
import { AirlockError } from '@airlock/protocol/errors';
import * as z from 'zod';
import type { Secret } from './gateway/secrets.ts';
import { readSecrets, withoutSecrets } from './secret-settings.ts';

const portWords = 'must be a whole number from 0 to 65535';

const warmWords = 'must be a whole number from 0 to 100';
const cpuWords = 'must be a number of CPUs, 0.1 at least';

function bytesOf(size: string): number {
  return Math.round(Number.parseFloat(size) * 1024 ** (size.endsWith('GiB') ? 3 : 2));
}

const settingsSchema = z.object({
  AIRLOCK_HOME: z.string().min(1).default('.airlock'),
  AIRLOCK_HOST: z.string().min(1).default('127.0.0.1'),
  AIRLOCK_PORT: z.coerce.number(portWords).int(portWords).min(0, portWords).max(65535, portWords).default(defaultPort),
  AIRLOCK_ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').optional(),
  ANTHROPIC_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable characters without spaces')
    .optional(),
  ANTHROPIC_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .default('https://api.anthropic.com'),
  CONTAINER_IMAGE_URI: z
    .string()
    .regex(/^[\w.\-/:@]+$/, 'must be an image reference')
    .optional(),
  DOCKER_HOST: z.string().min(1).optional(),
  AIRLOCK_SERVICES: z.string().min(1).optional(),
  AIRLOCK_MAX_CPUS: z.coerce.number(cpuWords).min(0.1, cpuWords).max(100_000, cpuWords).optional(),
  AIRLOCK_MAX_MEMORY: z
    .string()
    .regex(/^\d+(\.\d+)?[MG]iB$/, 'must be a size like 800MiB or 12.5GiB')
    .transform(bytesOf)
    .optional(),
  AIRLOCK_WARM: z.coerce.number(warmWords).int(warmWords).min(0, warmWords).max(100, warmWords).default(2),
  AIRLOCK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'must be debug, info, warn or error').default('info'),
});

/** Everything the host takes from its surroundings, read once. */
export interface Config {
  /** Absolute path of all data. */
  readonly home: string;
  readonly root: string;
  readonly host: string;
  readonly port: number;
  readonly adminPassword: string | undefined;
  readonly model:
    | { readonly kind: 'api'; readonly baseUrl: string; readonly key: string }
    | { readonly kind: 'simulated' };
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly imageUri: string | undefined;
  readonly servicesDir: string;
  /** What session containers may take of the engine's machine together, where it is not left to Airlock. */
  readonly maxCpus: number | undefined;
  readonly maxMemoryBytes: number | undefined;
  /** Containers that are kept started ahead of time, at most. */
  readonly mostSpares: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** A short hash of `home`; labels the containers of this installation. */
  readonly installation: string;
  /** For finding the engine and for programs we start. Without secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userHome: string;
}

/** Reads the environment over `.env` in `root`; throws `config_invalid` naming the setting and what is wrong. */
export function readConfig(root: string, env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const values = { ...withoutEmpty(readDotenv(join(root, '.env'))), ...withoutEmpty(env) };
  const settings = parseSettings(values);
  const own = withoutSecrets(env);
  const home = resolve(root, settings.AIRLOCK_HOME);
  return {
    home,
    root,
    host: settings.AIRLOCK_HOST,
    port: settings.AIRLOCK_PORT,
    adminPassword: settings.AIRLOCK_ADMIN_PASSWORD,
    model: settings.ANTHROPIC_API_KEY
      ? { kind: 'api', baseUrl: settings.ANTHROPIC_BASE_URL, key: settings.ANTHROPIC_API_KEY }
      : { kind: 'simulated' },
    secrets: readSecrets(values),
    imageUri: settings.CONTAINER_IMAGE_URI,
    servicesDir: resolve(root, settings.AIRLOCK_SERVICES ?? 'services'),
    maxCpus: settings.AIRLOCK_MAX_CPUS,
    maxMemoryBytes: settings.AIRLOCK_MAX_MEMORY,
    mostSpares: settings.AIRLOCK_WARM,
    logLevel: settings.AIRLOCK_LOG_LEVEL,
    installation: createHash('sha256').update(home).digest('hex').slice(0, 12),
    env: settings.DOCKER_HOST === undefined ? own : { ...own, DOCKER_HOST: settings.DOCKER_HOST },
    userHome: env.HOME ?? homedir(),
  };
}

function parseSettings(values: Record<string, string | undefined>): z.infer<typeof settingsSchema> {
  const parsed = settingsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  // Names settings and never quotes them: some are secret.
  const problems = parsed.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
  throw new AirlockError('config_invalid', problems.join('; '));
}

function readDotenv(path: string): Readonly<Record<string, string>> {
  if (!existsSync(path)) return {};
  const parsed = parseDotenv(readText(path));
  if (parsed.ok) return parsed.values;
  throw new AirlockError('config_invalid', `${path}, line ${parsed.line}: ${parsed.problem}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AirlockError('config_invalid', `${path} cannot be read: ${AirlockError.from(cause).detail}`, { cause });
  }
}

/** A variable set to nothing counts as not set, as in `.env.example`. */
function withoutEmpty(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
}
