import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeFiles, isTest, isTestCode, packageFolders, read, root } from './source/files.ts';
import { child, importsOf, type Node, nodesOf, parse, textOf } from './source/syntax.ts';

const longest = { product: 300, test: 500 };
/** Files that may be longer. It stays empty: cut the file instead. */
const exemptions: readonly string[] = [];

const files = codeFiles();
const tests = files.filter(isTest);
const runtimes = /\b(Node|browser|container)\b/i;

function lines(file: string): number {
  return read(file).trimEnd().split('\n').length;
}

/** The name called: `test.each(table)` and `test.skip` both give `test`, with the names after it in `rest`. */
function calleeOf(call: Node): { name: unknown; rest: unknown[] } {
  const rest: unknown[] = [];
  let callee = child(call, 'callee');
  while (callee !== undefined && callee.type !== 'Identifier') {
    if (callee.type === 'MemberExpression') rest.push(child(callee, 'property')?.name);
    callee = child(callee, callee.type === 'MemberExpression' ? 'object' : 'callee') ?? child(callee, 'tag');
  }
  return { name: callee?.name, rest };
}

function callsIn(file: string): { call: Node; name: unknown; rest: unknown[] }[] {
  const calls = [...nodesOf(parse(file))].filter((node) => node.type === 'CallExpression');
  return calls.map((call) => ({ call, ...calleeOf(call) }));
}

const testNames = new Set<unknown>(['test', 'it', 'describe']);

/** What tests and groups of tests are called, including those made by a contract suite. */
function titlesIn(file: string): string[] {
  return callsIn(file)
    .filter(({ name }) => testNames.has(name))
    .flatMap(({ call }) => textOf((call.arguments as Node[])[0]) ?? []);
}

/** Numbered invariants (`I1. A sentence`) in the comments of a file. */
function invariantsIn(file: string): string[] {
  return [...read(file).matchAll(/^\s*(?:\/?\*+|\/\/)\s*([A-Z]\d+)\. /gm)].map(([, number]) => number ?? '');
}

describe('style', () => {
  test('no file is too long', () => {
    const limit = (file: string) => (isTestCode(file) ? longest.test : longest.product);
    const long = files.filter((file) => lines(file) > limit(file) && !exemptions.includes(file));
    expect(long.map((file) => `${file} has ${lines(file)} lines, ${limit(file)} are allowed`)).toEqual([]);
    expect(exemptions).toEqual([]);
  });

  test('every numbered invariant is named by a test, and its number is used once', () => {
    const numbers = files.filter((file) => !isTestCode(file)).flatMap(invariantsIn);
    const titles = files.filter(isTestCode).flatMap(titlesIn);
    expect(numbers.filter((number) => !titles.some((title) => new RegExp(`\\b${number}\\b`).test(title)))).toEqual([]);
    expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
  });

  test('nothing is mocked: fakes are servers', () => {
    const mocks = (file: string) =>
      callsIn(file).some(({ name, rest }) => name === 'vi' && rest.some((each) => /^(do)?mock/i.test(String(each))));
    expect(tests.filter(mocks)).toEqual([]);
  });

  test('no test is left out or run alone', () => {
    const partial = new Set<unknown>(['only', 'skip', 'skipIf', 'runIf', 'todo', 'fails']);
    const leftOut = (file: string) =>
      callsIn(file).some(({ name, rest }) => testNames.has(name) && rest.some((each) => partial.has(each)));
    expect(tests.filter(leftOut)).toEqual([]);
  });

  test('no test sleeps', () => {
    const sleeps = (file: string) =>
      importsOf(file).includes('node:timers/promises') ||
      callsIn(file).some(({ name }) => name === 'setTimeout' || name === 'sleep' || name === 'delay');
    expect(tests.filter(sleeps)).toEqual([]);
  });

  test('every package says in the first line of its README where it runs', () => {
    const opening = (folder: string) => {
      const readme = join(folder, 'README.md');
      const lines = existsSync(join(root, readme)) ? read(readme).split('\n') : [];
      return lines
        .filter((line) => line !== '')
        .slice(0, 2)
        .join(' ');
    };
    const silent = packageFolders().filter(
      (folder) => folder.startsWith('packages/') && !runtimes.test(opening(folder)),
    );
    expect(silent.map((folder) => `${folder}: ${opening(folder) || 'no README.md'}`)).toEqual([]);
  });
});
