import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeFiles, isTestCode, root } from './source/files.ts';
import { cyclesIn, type Edge, edgesOf, packageOf } from './source/graph.ts';
import { environmentReaders, hostLayers, packageLayers, serviceLayers, withoutNode } from './source/layers.ts';
import { child, importsIn, importsOf, type Node, nodesOf, parse, parseText } from './source/syntax.ts';

const files = codeFiles();
const product = files.filter((file) => !isTestCode(file) && /^(packages\/[^/]+\/src|services)\//.test(file));
const edges = edgesOf(files);
const productEdges = edges.filter(({ from }) => product.includes(from));
const hostSource = 'packages/host/src/';

function show({ from, as }: Edge): string {
  return `${from} imports ${as}`;
}

/** `api` for a file in the folder `api` of the host, nothing for a file beside the folders. */
function hostFolder(path: string): string | undefined {
  const [folder, file] = path.slice(hostSource.length).split('/');
  return file === undefined ? undefined : folder;
}

function mayImport(from: string, to: string): boolean {
  const [source, target] = [packageOf(from), packageOf(to).replace('packages/', '')];
  if (source.startsWith('services/')) return serviceLayers.includes(target);
  return packageLayers[source.replace('packages/', '')]?.includes(target) ?? false;
}

/** The files beside the folders compose them: they may import everything, and no folder may import them. */
function mayImportInHost(from: string, to: string): boolean {
  const [source, target] = [hostFolder(from), hostFolder(to)];
  if (source === undefined || source === target) return true;
  return target !== undefined && (hostLayers[source]?.includes(target) ?? false);
}

/** `process.env` or `console.…` in any of its forms. */
function memberUse(node: Node, object: string, property?: string): boolean {
  if (node.type !== 'MemberExpression' || child(node, 'object')?.name !== object) return false;
  const used = child(node, 'property');
  return property === undefined || used?.name === property || used?.value === property;
}

function usersOf(uses: (node: Node) => boolean): string[] {
  return product.filter((file) => [...nodesOf(parse(file))].some(uses));
}

describe('layers', () => {
  test('every package is in the table', () => {
    const found = new Set(product.map(packageOf).filter((name) => name.startsWith('packages/')));
    expect([...found].filter((name) => !(name.replace('packages/', '') in packageLayers))).toEqual([]);
  });

  test('packages import only what the table allows', () => {
    const wrong = productEdges.filter(({ from, to }) => packageOf(from) !== packageOf(to) && !mayImport(from, to));
    expect(wrong.map(show)).toEqual([]);
  });

  test('packages are imported by name, never by a path into them', () => {
    // What measures Airlock drives it with the harness of the stories.
    const isBench = (file: string) => file.startsWith('bench/');
    const wrong = edges.filter(
      ({ from, to, as }) => as.startsWith('.') && packageOf(from) !== packageOf(to) && !isBench(from),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('imports name files that exist', () => {
    expect(edges.filter(({ to }) => !existsSync(join(root, to))).map(show)).toEqual([]);
  });

  test('every folder of the host is in its table', () => {
    const folders = new Set(
      product.filter((file) => file.startsWith(hostSource)).flatMap((file) => hostFolder(file) ?? []),
    );
    expect([...folders].filter((folder) => !(folder in hostLayers))).toEqual([]);
  });

  test('folders of the host import only what the table allows', () => {
    const inside = productEdges.filter(({ from, to }) => from.startsWith(hostSource) && to.startsWith(hostSource));
    expect(inside.filter(({ from, to }) => !mayImportInHost(from, to)).map(show)).toEqual([]);
  });

  test('no file imports itself over others, types included', () => {
    expect(cyclesIn(edges).map((cycle) => cycle.join(' → '))).toEqual([]);
  });

  test('what runs in a browser imports nothing of Node', () => {
    const reach = product.filter((file) => withoutNode.some((name) => file.startsWith(`packages/${name}/`)));
    expect(reach.filter((file) => importsOf(file).some((as) => as.startsWith('node:')))).toEqual([]);
  });

  test('one file per package reads the environment', () => {
    const readers = usersOf((node) => memberUse(node, 'process', 'env'));
    const imported = product.filter((file) => importsOf(file).some((as) => /^(node:)?process$/.test(as)));
    expect([...readers, ...imported].filter((file) => !environmentReaders.includes(file))).toEqual([]);
  });

  test('only the store knows which database it is', () => {
    const users = product.filter((file) => importsOf(file).includes('node:sqlite'));
    expect(users.filter((file) => !file.startsWith(`${hostSource}store/`))).toEqual([]);
  });

  test('nothing writes to the console', () => {
    expect(usersOf((node) => memberUse(node, 'console'))).toEqual([]);
  });
});

describe('the checker', () => {
  const edge = (from: string, to: string): Edge => ({ from, to, as: to });

  test('finds a cycle, and none in a diamond', () => {
    expect(cyclesIn([edge('a', 'b'), edge('b', 'c'), edge('c', 'a')])).toEqual([['a', 'b', 'c', 'a']]);
    expect(cyclesIn([edge('a', 'b'), edge('a', 'c'), edge('b', 'd'), edge('c', 'd')])).toEqual([]);
  });

  test('sees imports of every form', () => {
    const text = `import './a.ts'; import type { B } from './b.ts'; export type { C } from './c.ts';
      export * from './d.ts'; const e: import('./e.ts').E = await import('./f.ts'); const no = "import './g.ts'";`;
    expect(importsIn(parseText(text))).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });

  test('refuses what the tables do not name', () => {
    expect(mayImport('packages/protocol/src/a.ts', 'packages/host/src/b.ts')).toBe(false);
    expect(mayImport('packages/panel/src/a.ts', 'packages/protocol/src/b.ts')).toBe(true);
    expect(mayImportInHost(`${hostSource}store/a.ts`, `${hostSource}log/b.ts`)).toBe(false);
    expect(mayImportInHost(`${hostSource}log/a.ts`, `${hostSource}store/b.ts`)).toBe(true);
    expect(mayImportInHost(`${hostSource}log/a.ts`, `${hostSource}main.ts`)).toBe(false);
    expect(mayImportInHost(`${hostSource}main.ts`, `${hostSource}log/a.ts`)).toBe(true);
  });
});
