import { ServiceTest } from '@airlock/flow/testing';
import { describe, expect, it } from 'vitest';
import service from './service.ts';

const least = { name: 'Ada', email: 'ada@example.com', day: '2026-11-25' };

describe('every-element', () => {
  it('gives back what was filled in, with defaults, and without the PIN', async () => {
    const { ended } = new ServiceTest(service, { inputs: { ...least, pin: '1234', meals: ['dinner', 'breakfast'] } });
    const end = await ended;
    expect(end).toMatchObject({
      status: 'finished',
      final: {
        body: {
          name: 'Ada',
          by: 'train',
          meals: ['breakfast', 'dinner'],
          budget: 5,
          departure: '08:00',
          pinLength: 4,
          repairs: null,
        },
      },
    });
    expect(JSON.stringify(end)).not.toContain('1234');
  });

  it('asks about tyres only those who ride', async () => {
    const { ended } = new ServiceTest(service, { inputs: { ...least, by: 'bicycle', repairs: 'on' } });
    expect(await ended).toMatchObject({ final: { body: { by: 'bicycle', repairs: true } } });
  });

  it('has one of each', () => {
    const types = JSON.stringify(service.manifest.elements).matchAll(/"type":"([a-z-]+)"/g);
    expect(new Set([...types].map(([, type]) => type)).size).toBe(30);
  });
});
