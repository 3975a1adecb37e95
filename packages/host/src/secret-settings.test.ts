import { describe, expect, it } from 'vitest';
import { readSecrets, withoutSecrets } from './secret-settings.ts';

const value = 'not-to-be-quoted';

function problemOf(settings: Record<string, string>): string {
  try {
    readSecrets(settings);
  } catch (error) {
    expect(error).toMatchObject({ code: 'config_invalid' });
    return error instanceof Error ? error.message : '';
  }
  return 'none';
}

describe('readSecrets()', () => {
  it('reads each with the hosts it may be sent to, and nothing else', () => {
    const secrets = readSecrets({
      AIRLOCK_SECRET_ISSUES_TOKEN: value,
      AIRLOCK_SECRET_HOSTS_ISSUES_TOKEN: ' MCP.example.com, 127.0.0.1:4000,[::1]:80 ,',
      AIRLOCK_PORT: '1',
      PATH: '/bin',
    });
    const hosts = ['mcp.example.com', '127.0.0.1:4000', '[::1]:80'];
    expect([...secrets]).toEqual([['ISSUES_TOKEN', { value, hosts }]]);
  });

  it.each([
    [{ AIRLOCK_SECRET_A: value }, 'AIRLOCK_SECRET_HOSTS_A: must name the hosts'],
    [{ AIRLOCK_SECRET_A: value, AIRLOCK_SECRET_HOSTS_A: ',' }, 'AIRLOCK_SECRET_HOSTS_A: must name the hosts'],
    [{ AIRLOCK_SECRET_HOSTS_A: 'a.example' }, 'AIRLOCK_SECRET_HOSTS_A: AIRLOCK_SECRET_A is not set'],
    [{ AIRLOCK_SECRET_A: value, AIRLOCK_SECRET_HOSTS_A: 'https://a.example' }, 'must be hosts with commas'],
    [{ AIRLOCK_SECRET_A: value, AIRLOCK_SECRET_HOSTS_A: '*.example' }, 'none'],
    [{ AIRLOCK_SECRET_A: value, AIRLOCK_SECRET_HOSTS_A: 'a.example/path' }, 'must be hosts with commas'],
    [{ AIRLOCK_SECRET_A: 'short', AIRLOCK_SECRET_HOSTS_A: 'a.example' }, 'AIRLOCK_SECRET_A: must be 8 or more'],
    [{ AIRLOCK_SECRET_A: 'with a space', AIRLOCK_SECRET_HOSTS_A: 'a.example' }, 'AIRLOCK_SECRET_A: must be 8 or more'],
    [{ AIRLOCK_SECRET_a: value, AIRLOCK_SECRET_HOSTS_a: 'a.example' }, 'AIRLOCK_SECRET_a: a name is LIKE_THIS'],
  ])('%j: %s', (settings, words) => {
    const problem = problemOf(settings);
    expect(problem).toContain(words);
    expect(problem).not.toContain(value);
  });
});

it('programs of the host are started without secrets', () => {
  const env = { PATH: '/bin', AIRLOCK_SECRET_A: value, AIRLOCK_SECRET_HOSTS_A: 'a.example' };
  expect(withoutSecrets(env)).toEqual({ PATH: '/bin' });
});
