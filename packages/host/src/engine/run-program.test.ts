import { describe, expect, it } from 'vitest';
import { programEnvironment, runProgram } from './run-program.ts';

describe('programEnvironment', () => {
  it('hands on proxies and paths, and no secrets', () => {
    const kept = programEnvironment({ PATH: '/bin', https_proxy: 'http://p', ANTHROPIC_API_KEY: 'sk', NPM_TOKEN: 't' });
    expect(kept).toEqual({
      DEBIAN_FRONTEND: 'noninteractive',
      PATH: '/bin:/usr/local/sbin:/usr/sbin:/sbin',
      https_proxy: 'http://p',
    });
  });
});

describe('runProgram', () => {
  const run = async (script: string, lines: string[] = []): Promise<void> =>
    await runProgram('sh', ['-c', script], {
      env: { PATH: '/usr/bin:/bin' },
      onLine: (line) => lines.push(line),
      failure: 'image_build_failed',
    });

  it('passes on every line of both streams', async () => {
    const lines: string[] = [];
    await run('echo out; echo err >&2', lines);
    expect(lines.sort()).toEqual(['err', 'out']);
  });

  it('fails with the code and the last lines', async () => {
    await expect(run('echo why; exit 3')).rejects.toMatchObject({
      code: 'image_build_failed',
      detail: expect.stringContaining('exit code 3\nwhy'),
    });
  });

  it('knows a full disk', async () => {
    await expect(run('echo "E: No space left on device"; exit 1')).rejects.toMatchObject({ code: 'disk_full' });
  });

  it('explains a program that is not there', async () => {
    const options = { env: {}, onLine: () => {}, failure: 'engine_not_found' } as const;
    await expect(runProgram('no-such-program', [], options)).rejects.toMatchObject({ code: 'engine_not_found' });
  });
});
