import { describe, expect, it } from 'vitest';
import { toInput } from './timeline-store.ts';

const at = '2026-01-01T00:00:00.000Z';

describe('toInput', () => {
  it('takes a stored error, whose kind is also the name of a stream event', () => {
    const error = { code: 'internal', title: 't', detail: 'd', fix: 'f' };
    expect(toInput({ id: '3', event: 'error', data: JSON.stringify({ at, payload: error }) }, at)).toEqual({
      type: 'event',
      event: { seq: 3, at, kind: 'error', payload: error },
    });
  });

  it('turns what it cannot read into a line of the log', () => {
    expect(toInput({ id: '4', event: 'novelty', data: '{}' }, at)).toMatchObject({ type: 'unreadable', seq: 4 });
    expect(toInput({ id: '5', event: 'message', data: '{' }, at)).toMatchObject({ type: 'unreadable', seq: 5 });
  });

  it('ignores events without an id that it does not know', () => {
    expect(toInput({ id: null, event: 'ping', data: '{}' }, at)).toBeNull();
  });
});
