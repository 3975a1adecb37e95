import { describe, expect, it } from 'vitest';
import { createRequests, type NewRequest } from './requests.ts';

const asked = (path: string): NewRequest => ({
  at: '2026-01-01T00:00:00Z',
  method: 'GET',
  path,
  headers: {},
  body: null,
});

describe('requests', () => {
  it('keeps the newest within both limits', () => {
    const requests = createRequests({ limit: 2, byteLimit: 100 });
    for (const path of ['/1', '/2', '/3']) requests.add(asked(path), 10);
    expect(requests.all().map((request) => request.path)).toEqual(['/2', '/3']);
    requests.add(asked('/4'), 95);
    expect(requests.all().map((request) => request.path)).toEqual(['/4']);
    requests.update(1, { outcome: { kind: 'cut' } });
    expect(requests.all()).toHaveLength(1);
  });

  it('tells of a request once it has ended', () => {
    const ended: string[] = [];
    const requests = createRequests({ limit: 9, byteLimit: 100, ended: (request) => ended.push(request.outcome.kind) });
    const seq = requests.add(asked('/'), 0);
    requests.update(seq, { source: { kind: 'canned', repeat: 0 } });
    requests.update(seq, { outcome: { kind: 'answered' } });
    expect(ended).toEqual(['answered']);
  });

  it('waits for one that fits', async () => {
    const requests = createRequests({ limit: 9, byteLimit: 100 });
    const answered = requests.waitFor((request) => request.outcome.kind === 'answered');
    const seq = requests.add(asked('/'), 0);
    requests.update(seq, { outcome: { kind: 'answered' } });
    expect(await answered).toMatchObject({ seq, path: '/' });
    const gone = new AbortController();
    const never = requests.waitFor(() => false, gone.signal);
    gone.abort();
    await expect(never).rejects.toThrow();
  });
});
