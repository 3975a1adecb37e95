import { createHash } from 'node:crypto';
import { crashMatrix, type Script, ServiceTest } from '@airlock/flow/testing';
import { describe, expect, it } from 'vitest';
import service, { count, table } from './service.ts';

const texts = { 'a.txt': 'one two\nthree\n', 'folder/b, "c".md': '=SUM(1)', 'c.bin': 'x\0y' };

/** A script with these files given. */
function given(files: Readonly<Record<string, string>>): Script {
  const values = Object.entries(files).map(([name, text], at) => ({
    upload: `00000000-0000-4000-8000-00000000000${at}`,
    name,
    size: text.length,
    type: '',
    sha256: createHash('sha256').update(text).digest('hex'),
    path: `in/${name}`,
  }));
  return {
    inputs: { texts: values },
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [`in/${name}`, text])),
  };
}

const finished = (body: string) => ({ status: 'finished', final: { type: 'markdown', body } });
const shown = (test: ServiceTest) =>
  test.log.flatMap((entry) => (entry.type === 'call' && entry.call.kind === 'emit' ? [entry.call.shown.body] : []));

describe('batch', () => {
  it('counts each file, tells how far it is, and writes a table', async () => {
    const { 'c.bin': _, ...onlyTexts } = texts;
    const test = new ServiceTest(service, given(onlyTexts));
    expect(await test.ended).toEqual(finished('4 words in 2 files. The table is in `out/words.csv`.'));
    expect(shown(test)).toEqual(['1 of 2: a.txt, 3 words', '2 of 2: folder/b, "c".md, 1 words']);
    expect(test.made.get('words.csv')).toBe('name,lines,words\n"a.txt",2,3\n"folder/b, ""c"".md",1,1\n');
  });

  it('asks what to do about files that are no texts', async () => {
    const test = new ServiceTest(service, given(texts));
    const asked = await test.asked('no-text');
    expect(JSON.stringify(asked.call.elements)).toContain('c.bin');
    await test.answer(asked, { decision: 'skip' });
    expect(await test.ended).toEqual(finished('4 words in 2 files. The table is in `out/words.csv`.'));
  });

  it('writes nothing when it is stopped', async () => {
    const test = new ServiceTest(service, { ...given(texts), answers: { 'no-text': [{ decision: 'stop' }] } });
    expect(await test.ended).toEqual(finished('Stopped; nothing was written.'));
    expect(test.made.size).toBe(0);
  });

  it('ends alike wherever its process is killed, each file counted once unless it was being counted', async () => {
    const script: Script = { ...given(texts), answers: { 'no-text': [{ decision: 'skip' }] } };
    const runs = await crashMatrix(service, script);
    for (const run of runs) expect(run.made.get('words.csv')).toContain('"a.txt",2,3');
  });
});

describe('the table', () => {
  it('counts as people would', () => {
    expect(count('x', '')).toMatchObject({ lines: 0, words: 0 });
    expect(count('x', ' a\tb ')).toMatchObject({ lines: 1, words: 2 });
    expect(count('x', 'a\0')).toBeNull();
  });

  it('has no formula in it', () => {
    expect(table([{ name: '=1+1.txt', lines: 1, words: 1 }])).toContain(`"'=1+1.txt"`);
  });
});
