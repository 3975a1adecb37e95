import { matchesGlob } from 'node:path';

/**
 * Tells which results a service does not want kept. `node_modules/` is a folder of this name wherever it is, a pattern
 * without `/` the name of a file wherever it is, any other the whole path.
 */
export function leftOutBy(patterns: readonly string[]): (path: string) => boolean {
  return (path) => {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    return patterns.some((pattern) => {
      if (pattern.endsWith('/')) return folders.some((folder) => matchesGlob(folder, pattern.slice(0, -1)));
      return matchesGlob(pattern.includes('/') ? path : name, pattern);
    });
  };
}

/** Files that are named, and the length of a name and of all patterns. */
const mostNamed = 3;
const mostLength = 200;

/** What people are told of results that were not kept. */
export function leftOutWords(paths: readonly string[], patterns: readonly string[]): string {
  const named = paths.slice(0, mostNamed).map(cut).join(', ');
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : '';
  const many = paths.length === 1 ? '1 file is' : `${paths.length} files are`;
  return `${many} not kept as results, as \`outExclude\` of the service says (${cut(patterns.join(', '))}): ${named}${more}`;
}

function cut(text: string): string {
  return text.length > mostLength ? `${text.slice(0, mostLength - 1)}…` : text;
}
