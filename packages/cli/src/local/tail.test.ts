import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tailFile } from './tail.ts';

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-tail-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'log'), text);
  return join(folder, 'log');
}

async function last(text: string, count: number): Promise<string[]> {
  const lines: string[] = [];
  await tailFile(file(text), { count, follow: undefined, onLine: (line) => lines.push(line) });
  return lines;
}

test.each([
  ['the last lines', 'a\nb\nc\n', 2, ['b', 'c']],
  ['all of a short file', 'a\nb\n', 9, ['a', 'b']],
  ['as many as there are', 'a\nb\n', 2, ['a', 'b']],
  ['nothing of an empty file', '', 3, []],
  ['empty lines too', 'a\n\nb\n', 2, ['', 'b']],
  ['whole lines only', 'a\nb\nhalf', 2, ['b']],
])('gives %s', async (_, text, count, expected) => {
  expect(await last(text, count)).toEqual(expected);
});

test('finds them in a file of many chunks', async () => {
  const line = (n: number) => `${n} ${'ü'.repeat(40)}`;
  const text = Array.from({ length: 20_000 }, (_, n) => `${line(n)}\n`).join('');
  expect(await last(text, 3)).toEqual([line(19_997), line(19_998), line(19_999)]);
});

test('cuts a line that is too long', async () => {
  const [only] = await last(`${'x'.repeat(1_000_000)}\n`, 1);
  expect(only?.length).toBeLessThan(400_000);
});

test('follows what is added, and starts again when the file is emptied', async () => {
  const path = file('old\n');
  const controller = new AbortController();
  const seen: string[] = [];
  const steps: Record<string, () => void> = {
    old: () => appendFileSync(path, 'added '),
    'added later': () => writeFileSync(path, 'n\n'),
    n: () => controller.abort(),
  };
  const onLine = (line: string) => {
    seen.push(line);
    steps[line]?.();
    if (line === 'old') appendFileSync(path, 'later\n');
  };
  await tailFile(path, { count: 1, follow: controller.signal, onLine });
  expect(seen).toEqual(['old', 'added later', 'n']);
});
