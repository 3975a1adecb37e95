import { crashMatrix, ServiceTest } from '@airlock/flow/testing';
import { describe, expect, it } from 'vitest';
import service from './service.ts';

describe('hello-form', () => {
  it('greets with the words the second person agreed to', async () => {
    const test = new ServiceTest(service, { inputs: { name: 'Ada', times: 2 } });
    const review = await test.asked('review');
    expect(await test.answer(review, { greeting: 'Hello, you' })).toEqual({
      greeting: ['Expected a greeting that names Ada'],
    });
    expect(await test.answer(review, { greeting: ' Good day, Ada ' })).toBeNull();
    expect(await test.ended).toEqual({
      status: 'finished',
      final: { type: 'text', body: 'Good day, Ada\nGood day, Ada' },
    });
  });

  it('ends the same wherever it is killed', async () => {
    const answers = { review: [{ greeting: 'Hi Ada' }] };
    const runs = await crashMatrix(service, { inputs: { name: 'Ada', loud: true }, answers });
    expect(runs.length).toBeGreaterThan(5);
    for (const run of runs) {
      expect(run.end).toEqual({ status: 'finished', final: { type: 'text', body: 'Hi Ada' } });
    }
  });
});
