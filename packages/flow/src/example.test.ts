import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import example from './example.ts';
import { ServiceTest } from './testing.ts';

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

describe('the example of the README', () => {
  it('is example.ts, letter for letter', async () => {
    const block = /```ts\n(.*?)```/s.exec(await read('../README.md'))?.[1];
    expect(block).toBe(await read('./example.ts'));
  });

  it('does what it says', async () => {
    const test = new ServiceTest(example, {
      inputs: { topic: 'rain' },
      session: (_, turn) => `limerick ${turn}`,
      answers: { verdict: [{ stars: 2 }, { stars: 5 }] },
    });
    expect(await test.ended).toEqual({ status: 'finished', final: { type: 'markdown', body: 'limerick 1' } });
  });
});
