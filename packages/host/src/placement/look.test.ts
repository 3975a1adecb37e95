import { describe, expect, it } from 'vitest';
import { lastWords, parseLog } from './container-log.ts';
import { parseProcesses } from './look.ts';

describe('parseProcesses()', () => {
  it('names what it knows, hides its own program, and puts the busiest first', () => {
    const output = [
      '      1   700        0       9 /app/bin/init -- /app/bin/node --disable-sigusr1 /app/runner/main.mjs',
      '      7 70000        2       9 /app/bin/node --disable-sigusr1 /app/runner/main.mjs',
      '     20 90000        5       8 /app/bin/claude --print',
      '     31   900        0       8 /app/bin/bridge',
      '     40  1200      100       4 /usr/bin/python3 -c while True: pass?# a?[31mb',
      '     41     0        0       4 [sleep] <defunct>',
      '     99  4000        0       0 ps -ww --cols 600 -eo pid=,rss=,cputimes=,etimes=,args=',
      'not a line of it',
      '',
    ].join('\n');
    const found = parseProcesses(output, 60_000);
    expect(found.map(({ pid, name }) => `${pid} ${name}`)).toEqual([
      '40 python3',
      '20 claude',
      '7 runner',
      '31 wire',
      '1 init',
      '41 [sleep]',
    ]);
    expect(found[0]).toEqual({
      pid: 40,
      name: 'python3',
      command: '/usr/bin/python3 -c while True: pass?# a?[31mb',
      memoryBytes: 1200 * 1024,
      cpuSeconds: 100,
      startedAt: '1970-01-01T00:00:56.000Z',
    });
  });
});

describe('a container’s log', () => {
  const at = (second: number) => `2026-01-01T00:00:0${second}.123456789Z`;
  const lines = parseLog(
    [
      `${at(2)} claude| out of \u001b[31mluck`,
      `${at(1)} The runner is here`,
      `${at(3)} ${'x'.repeat(5_000)}\r`,
      `${at(4)} `,
      'no time',
    ].join('\n'),
  );

  it('says who said each line, in the order they were said', () => {
    expect(lines.map(({ by, text }) => [by, text.slice(0, 18)])).toEqual([
      ['runner', 'The runner is here'],
      ['claude', 'out of \u001b[31mluck'],
      ['runner', 'x'.repeat(18)],
      ['runner', ''],
    ]);
    expect(lines[0]?.at).toBe('2026-01-01T00:00:01.123Z');
    expect(lines[2]?.text).toHaveLength(4_000);
  });

  it('has last words, of Claude Code’s a few', () => {
    const claude = Array.from({ length: 14 }, (_, n) => ({
      at: at(1),
      by: 'claude' as const,
      text: `${n}`.repeat(300),
    }));
    const said = lastWords([...claude, { at: at(2), by: 'runner', text: 'Claude was ended by SIGKILL' }]).split('\n');
    expect(said).toHaveLength(13);
    expect(said[0]).toBe(`claude| ${'2'.repeat(200)}`);
    expect(said.at(-1)).toBe('Claude was ended by SIGKILL');
  });
});
