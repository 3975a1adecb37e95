/* What host and runner know of the worker image. Nothing is imported here: the runner reads it before all else. */

/** Absolute paths in the worker image. */
export const imagePaths = {
  /** argv[0] of the bridge; run with no arguments it joins stdio to the wire socket. */
  bridge: '/app/bin/bridge',
  home: '/app/template_user',
  project: '/app/project',
  plugins: '/app/plugins',
  workspace: '/workspace',
} as const;

/** Name of the abstract Unix socket the runner listens on, in its container. */
export const wireSocket = 'airlock-wire';

/** The variable of a container's environment that holds its `SessionSpec`, as JSON. */
export const sessionSpecVariable = 'AIRLOCK_SESSION';
