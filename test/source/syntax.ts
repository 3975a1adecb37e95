import { parseAst } from 'rolldown/parseAst';
import { read } from './files.ts';

/** A node of the syntax tree, whatever its type. */
export type Node = Readonly<Record<string, unknown>> & { readonly type: string };

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** A property that is a node, or undefined. */
export function child(node: Node | undefined, key: string): Node | undefined {
  const value = node?.[key];
  return isNode(value) ? value : undefined;
}

/** The text of a string literal, or of a template with its values left out. */
export function textOf(node: Node | undefined): string | undefined {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node?.type !== 'TemplateLiteral') return undefined;
  const quasis = node.quasis as { value: { raw: string } }[];
  return quasis.map((quasi) => quasi.value.raw).join('…');
}

const trees = new Map<string, Node>();

export function parseText(text: string, lang: 'ts' | 'tsx' | 'js' = 'ts'): Node {
  return parseAst(text, { lang }) as unknown as Node;
}

/** The syntax tree of a code file. */
export function parse(path: string): Node {
  const known = trees.get(path);
  if (known !== undefined) return known;
  const lang = path.endsWith('x') ? 'tsx' : path.endsWith('js') ? 'js' : 'ts';
  const tree = parseText(read(path), lang);
  trees.set(path, tree);
  return tree;
}

/** Every node below this one, itself included. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value]) if (isNode(each)) yield* nodesOf(each);
  }
}

/** What a tree imports, as written: static, re-exported, dynamic and `import('…').Type`, types included. */
export function importsIn(tree: Node): string[] {
  const found = new Set<string>();
  for (const node of nodesOf(tree)) {
    if (!/^(Import|Export(Named|All))(Declaration|Expression)$|^TSImportType$/.test(node.type)) continue;
    const source = textOf(child(node, 'source') ?? child(node, 'argument'));
    if (source !== undefined) found.add(source);
  }
  return [...found];
}

export function importsOf(path: string): string[] {
  return importsIn(parse(path));
}
