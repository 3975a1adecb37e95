import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDotenv } from '@airlock/protocol/dotenv';
import { AirlockError } from '@airlock/protocol/errors';

/** What the command needs to know before it can speak to the host. The host reads the rest of the settings itself. */
export interface Settings {
  /** The folder of the clone. */
  readonly root: string;
  /** `AIRLOCK_HOME`, absolute; a relative one counts from `root`. */
  readonly home: string;
  /** The environment for the processes started: that of the command, with `AIRLOCK_HOME` made absolute. */
  readonly env: NodeJS.ProcessEnv;
}

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

function readDotenv(file: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new AirlockError('config_invalid', `${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const result = parseDotenv(text);
  if (!result.ok) throw new AirlockError('config_invalid', `${file}, line ${result.line}: ${result.problem}`);
  return result.values;
}

/** Reads the settings: the environment wins over `.env`, and an empty value counts as none. */
export function readSettings(env: NodeJS.ProcessEnv = process.env, root = repository): Settings {
  const file = readDotenv(join(root, '.env'));
  const home = resolve(root, env.AIRLOCK_HOME || file.AIRLOCK_HOME || '.airlock');
  return { root, home, env: { ...env, AIRLOCK_HOME: home } };
}

/** Whether a terminal, when there is one, is wanted in colour and can rewrite a line. */
export function hasColours(env: NodeJS.ProcessEnv = process.env): boolean {
  return !env.NO_COLOR && canRewrite(env);
}

/** Whether a terminal, when there is one, can rewrite what it shows. */
export function canRewrite(env: NodeJS.ProcessEnv = process.env): boolean {
  return env.TERM !== 'dumb';
}
