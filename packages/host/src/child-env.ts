import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.ts';

/** Environment of programs the host starts for itself. Holds no key. */
export function childEnv(config: Config): Record<string, string> {
  const { PATH = '', HOME = '', LANG = 'C.UTF-8', TZ } = config.env;
  const { NODE_COMPILE_CACHE = join(config.home, 'cache', 'compile') } = config.env;
  return { PATH, HOME, LANG, NODE_COMPILE_CACHE, ...(TZ === undefined ? {} : { TZ }) };
}

export function childOptions(config: Config, logger: Logger) {
  return { root: config.root, env: childEnv(config), logger };
}
