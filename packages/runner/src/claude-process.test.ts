import { once } from 'node:events';
import { expect, it } from 'vitest';
import { createClaudeProcess } from './claude-process.ts';

it('prints what the CLI says on stderr before it is told how the CLI ended', async () => {
  let printed = '';
  const claude = createClaudeProcess((text) => {
    printed += text;
  });
  const { signal } = new AbortController();
  const said = 'echo starting >&2; printf "out of \\033[31mluck" >&2; kill -KILL $$';
  const child = claude.spawn({ command: '/bin/sh', args: ['-c', said], env: {}, signal });
  await once(child as never, 'exit');
  expect(await claude.end()).toMatchObject({ signal: 'SIGKILL', stderr: expect.stringContaining('luck') });
  expect(printed).toBe('claude| starting\nclaude| out of \u001b[31mluck\n');
});
