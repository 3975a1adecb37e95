import type { Store } from '../store/store.ts';
import { type Bundler, createBundler } from './bundler.ts';
import { createModules, type Modules } from './modules.ts';
import { createVersions, type Versions } from './versions.ts';

interface VersioningOptions {
  readonly store: Store;
  readonly clock: () => Date;
  /** Folder for what service processes load. */
  readonly dir: string;
  /** Environment of the bundler; holds no key. */
  readonly env: Readonly<Record<string, string>>;
}

/** What makes, keeps and hands out versions of services. */
export interface Versioning {
  readonly versions: Versions;
  readonly modules: Modules;
  readonly bundler: Bundler;
}

export function createVersioning({ store, clock, dir, env }: VersioningOptions): Versioning {
  const modules = createModules(dir);
  return { versions: createVersions(store, clock), modules, bundler: createBundler(modules, env) };
}
