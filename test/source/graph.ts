import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './files.ts';
import { importsOf } from './syntax.ts';

/** An import of another file of the project. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly as: string;
}

function withExtension(path: string): string {
  return (
    ['.ts', '.tsx'].map((extension) => path + extension).find((each) => existsSync(join(root, each))) ?? `${path}.ts`
  );
}

/** The project file an import names, or undefined for packages from outside. */
function resolve(from: string, as: string): string | undefined {
  if (as.startsWith('.')) return normalize(join(dirname(from), as));
  const [, name, path] = /^@airlock\/([^/]+)\/?(.*)$/.exec(as) ?? [];
  if (name === undefined || path === undefined) return undefined;
  const parent = existsSync(join(root, 'packages', name)) ? 'packages' : 'services';
  return withExtension(`${parent}/${name}/src/${path}`);
}

export function edgesOf(files: readonly string[]): Edge[] {
  return files.flatMap((from) =>
    importsOf(from).flatMap((as) => {
      const to = resolve(from, as);
      return to === undefined ? [] : [{ from, to, as }];
    }),
  );
}

/** `packages/host/src/api/app.ts` → `packages/host`; files elsewhere belong to their top folder. */
export function packageOf(path: string): string {
  const [top = '', name = ''] = path.split('/');
  return top === 'packages' || top === 'services' ? `${top}/${name}` : top;
}

/** Import cycles, each as the files it goes through; empty when there are none. */
export function cyclesIn(edges: readonly Edge[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const at = path.indexOf(file);
    if (at !== -1) cycles.push([...path.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    path.push(file);
    for (const to of next.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return cycles;
}
