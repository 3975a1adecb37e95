import { statfs } from 'node:fs/promises';
import type { System } from '@airlock/protocol/api';
import type { Config } from './config.ts';
import type { Pool } from './sessions/pool.ts';
import type { Engine } from './setup.ts';
import { version } from './version.ts';

export function upstreamOf(config: Config): string {
  return config.model.kind === 'api' ? config.model.baseUrl : 'simulated';
}

/** What `/api/v1/system` says. */
export async function describeSystem(
  config: Config,
  engine: Engine,
  image: string,
  pool: Pick<Pool, 'size'>,
): Promise<System> {
  const problems = await notReady(config, engine, image);
  return {
    version,
    node: process.version,
    model: config.model.kind,
    upstream: upstreamOf(config),
    engine: { name: engine.info.name, version: engine.info.version },
    image: { reference: image, usable: problems.length === 0 },
    warm: { ...(await pool.size()), most: config.mostSpares },
    store: 'sqlite',
  };
}

/** Least free space, in bytes, with which an answer can still be written down. */
const leastFree = 8 * 1024 ** 2;

/** Why the host cannot work now; empty when it can. */
export async function notReady(config: Config, engine: Engine, image: string): Promise<string[]> {
  const { bavail, bsize } = await statfs(config.home);
  if (bavail * bsize < leastFree) return [`The disk is full where ${config.home} lies`];
  try {
    await engine.client.ping();
  } catch {
    return ['The container engine does not answer'];
  }
  try {
    await engine.client.getImage(image).inspect();
    return [];
  } catch {
    return [`The worker image ${image} is missing`];
  }
}
