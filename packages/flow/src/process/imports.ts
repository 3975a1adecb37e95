import { createRequire, isBuiltin, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const platform = /^@airlock\/(flow|protocol)(\/|$)/;

/**
 * Lets a bundled module import what is not in it: `@airlock/…` from the Airlock it runs in, other packages from where
 * its source would find them. Both are URLs of modules.
 */
export function resolveImports(bundle: string, source: string): void {
  const requireFromSource = createRequire(source);
  registerHooks({
    resolve(specifier, context, next) {
      if (context.parentURL !== bundle || isBuiltin(specifier)) return next(specifier, context);
      if (platform.test(specifier)) return next(specifier, { ...context, parentURL: import.meta.url });
      // What is required is looked for from the module itself, whatever parent is named.
      if (!context.conditions.includes('require')) return next(specifier, { ...context, parentURL: source });
      return { url: pathToFileURL(requireFromSource.resolve(specifier)).href, shortCircuit: true };
    },
  });
}
