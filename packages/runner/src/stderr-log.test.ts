import { describe, expect, it } from 'vitest';
import { createStderrLog } from './stderr-log.ts';

function rig() {
  const printed: string[] = [];
  let time = 0;
  const log = createStderrLog({ write: (text) => void printed.push(text), now: () => time });
  const pass = (ms: number) => {
    time += ms;
  };
  return { log, printed, pass };
}

describe('createStderrLog()', () => {
  it('marks each line, also one that came in pieces or has no end', () => {
    const { log, printed } = rig();
    log.take('one\ntw');
    log.take('o\r\n\n');
    log.take('three');
    expect(printed).toEqual(['claude| one\n', 'claude| two\n']);
    log.end();
    expect(printed.at(-1)).toBe('claude| three\n');
    log.end();
    expect(printed).toHaveLength(3);
  });

  it('prints so much a minute, says how much it left out, and its last words in the end', () => {
    const { log, printed, pass } = rig();
    for (let n = 0; n < 100; n += 1) log.take(`${n} ${'x'.repeat(990)}\n`);
    expect(printed).toHaveLength(16);
    pass(60_000);
    log.take('again\n');
    expect(printed.slice(16)).toEqual(['claude| (84 lines were left out)\n', 'claude| again\n']);
    for (let n = 0; n < 100; n += 1) log.take(`${n} ${'x'.repeat(990)}\n`);
    log.take('last words');
    const before = printed.length;
    log.end();
    const ended = printed.slice(before);
    expect(ended[0]).toMatch(/^claude\| \(\d+ lines were left out\)\n$/);
    expect(ended).toHaveLength(1 + 20);
    expect(ended.at(-1)).toBe('claude| last words\n');
  });

  it('keeps no more of a line than it prints', () => {
    const { log, printed } = rig();
    for (let n = 0; n < 100; n += 1) log.take('y'.repeat(1_000));
    log.take('\n');
    expect(printed).toEqual([`claude| ${'y'.repeat(2_000)}…\n`]);
  });
});
