import { idSchema } from '@airlock/protocol/ids';
import { sessionSpecVariable } from '@airlock/protocol/image';
import { describe, expect, it } from 'vitest';
import { claudeEnv } from './claude-env.ts';
import { readConfig } from './spec.ts';
import { readSurroundings } from './surroundings.ts';

const session = idSchema.parse('0197f5a0-0000-7000-8000-000000000001');
const configOf = (env: object) =>
  readConfig(
    readSurroundings({
      [sessionSpecVariable]: JSON.stringify({ session, tokenHash: 'a'.repeat(64), orphanMs: 1, env }),
    }),
  );

describe('the environment of the CLI', () => {
  it('has the variables of caches, which take the place of none of its own', () => {
    const config = configOf({ PIP_NO_INDEX: '1' });
    const url = 'http://127.0.0.1:1';
    const plain = claudeEnv(config, {}, url);
    expect(claudeEnv(config, config.spec, url)).toEqual({ ...plain, PIP_NO_INDEX: '1' });
    const env = { HOME: '/tmp', ANTHROPIC_BASE_URL: 'http://elsewhere' };
    expect(claudeEnv(config, { env }, url)).toEqual(plain);
  });

  it('is not told anything else by whoever starts the container', () => {
    expect(() => configOf({ LD_PRELOAD: '/workspace/x.so' })).toThrow('AIRLOCK_SESSION');
  });
});
