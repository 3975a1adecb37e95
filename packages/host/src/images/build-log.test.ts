import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildLog } from './build-log.ts';

describe('BuildLog', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'airlock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps every line in the file and the last ones at hand, without colours', async () => {
    const log = await BuildLog.open(join(folder, 'logs'));
    for (let n = 1; n <= 20; n += 1) log.line(`\u001b[91mline ${n}\u001b[0m\n`);
    log.line('\n');
    await log.close();
    expect(readFileSync(log.path, 'utf8').trimEnd().split('\n')).toHaveLength(20);
    expect(log.tail.split('\n')).toHaveLength(12);
    expect(log.tail).toMatch(/^line 9\n[\s\S]*line 20$/);
  });
});
