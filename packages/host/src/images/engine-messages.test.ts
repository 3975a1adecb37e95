import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseBuildStep } from './build-image.ts';
import { PullProgress, readMessages } from './engine-messages.ts';

const answer = (...lines: object[]): Readable =>
  Readable.from(
    lines.map((line) => Buffer.from(`${JSON.stringify(line)}\r\n`)),
    { objectMode: false },
  );

describe('readMessages', () => {
  it('passes messages on in order', async () => {
    const seen: (string | undefined)[] = [];
    await readMessages(answer({ stream: 'a' }, { stream: 'b', aux: { ID: 'x' } }), ({ stream }) => seen.push(stream));
    expect(seen).toEqual(['a', 'b']);
  });

  it('throws the error a message carries', async () => {
    await expect(readMessages(answer({ error: 'returned a non-zero code: 100' }), () => {})).rejects.toThrow(
      'code: 100',
    );
  });

  it('throws when the engine breaks off', async () => {
    const broken = new Readable({ read() {} });
    const reading = readMessages(broken, () => {});
    broken.destroy(new Error('aborted'));
    await expect(reading).rejects.toThrow('aborted');
  });
});

describe('PullProgress', () => {
  it('adds up the layers it knows of', () => {
    const progress = new PullProgress();
    expect(progress.take({ status: 'Pulling from library/debian', id: 'bookworm' })).toBeUndefined();
    expect(progress.take({ status: 'Downloading', id: 'a', progressDetail: { current: 10, total: 100 } })).toBe(10);
    expect(progress.take({ status: 'Downloading', id: 'b', progressDetail: { current: 0, total: 100 } })).toBe(5);
    expect(progress.take({ status: 'Download complete', id: 'a' })).toBe(50);
  });
});

describe('parseBuildStep', () => {
  it('reads the step and how far the build is', () => {
    expect(parseBuildStep('Step 3/9 : COPY rootfs/ /')).toEqual({ detail: 'COPY rootfs/ /', percent: 22 });
    expect(parseBuildStep(' ---> Running in 0123')).toBeUndefined();
  });
});
