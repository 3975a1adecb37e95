import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hasColours, readSettings } from './settings.ts';

function folder(dotenv?: string): string {
  const root = mkdtempSync(join(tmpdir(), 'airlock-settings-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  if (dotenv !== undefined) writeFileSync(join(root, '.env'), dotenv);
  return root;
}

test('without settings the home lies in the clone', () => {
  const root = folder();
  expect(readSettings({}, root).home).toBe(join(root, '.airlock'));
});

test('a relative home counts from the clone, and reaches the processes started as an absolute one', () => {
  const root = folder('AIRLOCK_HOME=data');
  const settings = readSettings({}, root);
  expect(settings.home).toBe(join(root, 'data'));
  expect(settings.env.AIRLOCK_HOME).toBe(join(root, 'data'));
});

test('the environment wins over the file, unless it is empty', () => {
  const root = folder('AIRLOCK_HOME=/from/file');
  expect(readSettings({ AIRLOCK_HOME: '/from/env' }, root).home).toBe('/from/env');
  expect(readSettings({ AIRLOCK_HOME: '' }, root).home).toBe('/from/file');
});

test('a line that cannot be read is named', () => {
  expect(() => readSettings({}, folder('A=1\nB'))).toThrow(/line 2: it is not of the form NAME=value/);
});

test('a .env that is a folder is explained', () => {
  const root = folder();
  mkdirSync(join(root, '.env'));
  expect(() => readSettings({}, root)).toThrow(/\.env cannot be read: EISDIR/);
});

test.each([
  [{}, true],
  [{ NO_COLOR: '1' }, false],
  [{ NO_COLOR: '' }, true],
  [{ TERM: 'dumb' }, false],
])('colours with %o: %s', (env, expected) => {
  expect(hasColours(env)).toBe(expected);
});
