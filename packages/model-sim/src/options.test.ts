import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from './options.ts';

describe('parseOptions()', () => {
  it('has defaults', () => {
    expect(parseOptions([])).toEqual({
      port: 0,
      scripts: [],
      keys: [],
      record: undefined,
      pace: undefined,
      vary: false,
      seed: 1,
    });
  });

  it('takes several scripts and keys', () => {
    const args = ['--script', 'a', '--script', 'b', '--key', 'k', '--vary', '--pace', '0', '--port', '80'];
    expect(parseOptions(args)).toMatchObject({ scripts: ['a', 'b'], keys: ['k'], vary: true, pace: 0, port: 80 });
  });

  it.each([[['--port', '70000']], [['--port', 'x']], [['--nope']], [['stray']]])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });
});
