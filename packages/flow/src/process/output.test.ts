import { describe, expect, it } from 'vitest';
import type { Running } from '../replay/scope.ts';
import { createOutput } from './output.ts';

function owner() {
  const stored: [string, string][] = [];
  const running: Running = {
    part: 'run',
    scope: 'main',
    branch: null,
    fail: () => {},
    io: (event, text) => void stored.push([event, text]),
  };
  return { running, stored };
}

describe('createOutput', () => {
  it('stores writes as they come, without blank ones', () => {
    const { running, stored } = owner();
    const store = createOutput(100);
    store(running, 'stdout', 'a\n');
    store(running, 'stdout', '\n');
    store(running, 'stderr', 'b');
    expect(stored).toEqual([
      ['stdout', 'a\n'],
      ['stderr', 'b'],
    ]);
  });

  it('cuts long writes into pieces', () => {
    const { running, stored } = owner();
    createOutput()(running, 'stdout', 'x'.repeat(40_000));
    expect(stored.map(([, text]) => text.length)).toEqual([16_384, 16_384, 7_232]);
  });

  it('drops what is beyond the limit, saying so once', () => {
    const { running, stored } = owner();
    const store = createOutput(5);
    for (const text of ['abc', 'defg', 'h', 'i']) store(running, 'stdout', text);
    expect(stored).toEqual([
      ['stdout', 'abc'],
      ['stdout', 'de'],
      ['stderr', 'Output beyond 5 characters is not kept'],
    ]);
  });
});
