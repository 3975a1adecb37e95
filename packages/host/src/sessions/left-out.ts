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
