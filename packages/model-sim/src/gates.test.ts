import { describe, expect, it } from 'vitest';
import { createGates } from './gates.ts';

const forever = new AbortController().signal;

describe('gates', () => {
  it('lets through who waits, and says how many', async () => {
    const gates = createGates();
    const passed = Promise.all([gates.wait('a', forever), gates.wait('a', forever)]);
    expect(gates.waiting()).toEqual({ a: 2 });
    expect(gates.release('a')).toBe(2);
    await passed;
    expect(gates.release('a')).toBe(0);
  });

  it('tells who watches that somebody waits, now or later', async () => {
    const gates = createGates();
    const arrival = gates.arrival('a');
    const passed = gates.wait('a', forever);
    await arrival;
    await gates.arrival('a');
    gates.reset();
    await passed;
  });

  it('stays open when told to, until it is reset', async () => {
    const gates = createGates();
    gates.release('a', { stay: true });
    await gates.wait('a', forever);
    gates.reset();
    void gates.wait('a', forever);
    expect(gates.waiting()).toEqual({ a: 1 });
  });

  it('forgets who gave up', async () => {
    const gates = createGates();
    const gone = new AbortController();
    const waiting = gates.wait('a', gone.signal);
    gone.abort();
    await expect(waiting).rejects.toThrow();
    expect(gates.waiting()).toEqual({});
  });
});
