/**
 * Who may import whom. A package or folder that is not in its table may not exist: add it with what it may use.
 * `protocol` and other npm packages are governed by the package table alone.
 */
export const packageLayers: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  'model-sim': [],
  flow: ['protocol'],
  runner: ['protocol'],
  cli: ['protocol'],
  panel: ['protocol'],
  host: ['protocol', 'flow'],
};

/** What a service may import. */
export const serviceLayers: readonly string[] = ['flow'];

/**
 * Folders of `packages/host/src`. The files beside them, `main.ts` first, compose them. What stands above `log` also imports `store`: an event, a row and a status change in one transaction, which is handed down.
 */
export const hostLayers: Readonly<Record<string, readonly string[]>> = {
  api: ['inbox', 'executions', 'sessions', 'workspaces', 'caches', 'images', 'files', 'auth', 'log'],
  backup: ['sessions', 'placement', 'engine', 'files', 'store'],
  executions: ['log', 'sessions', 'inbox', 'files', 'timers', 'versions', 'ownership', 'store'],
  sessions: [
    'placement',
    'wire',
    'gateway',
    'log',
    'inbox',
    'files',
    'workspaces',
    'repositories',
    'caches',
    'ownership',
    'store',
  ],
  inbox: ['log', 'timers', 'store'],
  repositories: ['workspaces', 'placement', 'engine', 'gateway', 'files', 'log', 'store'],
  workspaces: ['placement', 'files', 'store'],
  caches: ['placement', 'engine'],
  files: ['log', 'store'],
  versions: ['store'],
  auth: ['store'],
  log: ['ownership', 'store'],
  timers: ['store'],
  ownership: ['store'],
  placement: ['engine'],
  images: ['engine'],
  engine: [],
  gateway: ['wire'],
  wire: [],
  store: [],
};

/** The one file of each package that may read the environment. */
export const environmentReaders: readonly string[] = [
  'packages/host/src/config.ts',
  'packages/cli/src/settings.ts',
  'packages/runner/src/surroundings.ts',
];

/** Packages that also run where there is no Node. */
export const withoutNode: readonly string[] = ['protocol', 'panel'];
