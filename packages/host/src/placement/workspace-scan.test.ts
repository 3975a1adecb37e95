import { describe, expect, it } from 'vitest';
import { parseScan } from './workspace-scan.ts';

const record = (path: string, type = 'f', size = '3') =>
  [type, size, '1700000000.5', '1700000001.5', '42', '1', '644', path, ''].join('\0');
const scan = (...records: string[]) => parseScan(`${records.join('\0')}\0`);

describe('a scan', () => {
  it('has a stamp that changes with everything about a file', () => {
    expect(scan(record('a b\n\xff')).found).toEqual([
      {
        path: 'a b\n\xff',
        type: 'f',
        size: 3,
        mtime: 1_700_000_000_500,
        links: 1,
        mode: 0o644,
        target: '',
        stamp: '42 3 1700000000.5 1700000001.5',
      },
    ]);
  });

  it('leaves out what was cut off, and what claims to lie elsewhere', () => {
    expect(parseScan(`${record('a')}\0${record('b').slice(0, -4)}`).found.map(({ path }) => path)).toEqual(['a']);
    expect(scan(record('/etc/passwd'), record('../a'), record('b/../../c'), record('')).found).toEqual([]);
  });

  it('takes any text for numbers, and gives ones that can be written down', () => {
    const lie = ['f', '-1', 'NaN', 'x', 'y', '1e99', '9', 'a', ''].join('\0');
    expect(scan(lie).found).toMatchObject([{ size: 0, mtime: 0, links: 1 }]);
    const far = ['f', '1e300', '1e300', 'x', 'y', '0', '', 'a', ''].join('\0');
    expect(() => new Date(scan(far).found[0]?.mtime ?? Number.NaN).toISOString()).not.toThrow();
  });

  it('says when there is more than is looked at', () => {
    const many = Array.from({ length: 50_001 }, (_, n) => record(String(n)));
    expect(scan(...many)).toMatchObject({ isCut: true, found: { length: 50_000 } });
    expect(scan(...many.slice(1))).toMatchObject({ isCut: false, found: { length: 50_000 } });
  });
});
