import { cachesFolder } from '@airlock/protocol/caches';
import type Docker from 'dockerode';
import type { Environment } from '../engine/run-program.ts';
import { sealed, sessionLabels } from '../placement/container-config.ts';

/** `airlock.kind` of a cache's volume, and of the containers that fill it. */
export const cacheKind = 'cache';
const cacheLabel = 'airlock.cache';

/** Home and temporary files of the command, on the volume, so that they count and go with it. */
export const scratch = '.airlock-fill';
export const scratchFolders = ['home', 'tmp'] as const;
export const authorities = 'ca.pem';

export interface FillSpec {
  /** Of the cache. */
  readonly id: string;
  readonly name: string;
  readonly fill: readonly string[];
  readonly volume: string;
  /** The engine's id of the image it is filled in. */
  readonly image: string;
}

export interface FillLimits {
  readonly ms: number;
  readonly bytes: number;
}

export function cacheLabels(home: string, id: string): Record<string, string> {
  return { [sessionLabels.home]: home, [sessionLabels.kind]: cacheKind, [cacheLabel]: id };
}

/**
 * What runs around the command. Its time is kept inside, too: a host that is gone cannot end it. Said last is how much
 * there is, in KiB.
 */
const around = `
seconds=$1; shift
timeout -k 5 "$seconds" "$@"; code=$?
chmod -R u+rwX ${scratch} && rm -rf ${scratch} || exit 1
[ "$code" = 0 ] && du -sk .
exit $code`;

const gibibyte = 1024 ** 3;

/** The container that fills a cache: a session's, but for its network, its one volume, and that nothing is in it. */
export function fillerConfig(
  { id, name, fill, volume, image }: FillSpec,
  { home, env, limits }: { readonly home: string; readonly env: Environment; readonly limits: FillLimits },
): Docker.ContainerCreateOptions {
  const folder = `${cachesFolder}/${name}`;
  return {
    Image: image,
    User: '1000:1000',
    Entrypoint: ['/app/bin/init', '--', '/bin/sh', '-c', around, 'fill', String(Math.ceil(limits.ms / 1000))],
    Cmd: [...fill],
    Env: fillerEnv(`${folder}/${scratch}`, env),
    Labels: cacheLabels(home, id),
    WorkingDir: folder,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    Tty: false,
    HostConfig: {
      ...sealed({ memoryBytes: 2 * gibibyte, cpus: 1, fileBytes: limits.bytes }),
      // The engine's own network: the one kind of container that has one.
      Tmpfs: { '/tmp': `rw,exec,nosuid,nodev,size=${gibibyte / 4},mode=1777` },
      Mounts: [{ Type: 'volume', Source: volume, Target: folder, ReadOnly: false }],
    },
  };
}

const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
/** Names by which programs find the certificates they trust. */
const trusting = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
  'PIP_CERT',
  'npm_config_cafile',
];

/** Where the host keeps the certificates it trusts, if it was told. */
export function authoritiesOf(env: Environment): string | undefined {
  return [env.SSL_CERT_FILE, env.NODE_EXTRA_CA_CERTS].find((path) => path !== undefined && path !== '');
}

function fillerEnv(folder: string, env: Environment): string[] {
  const vars: Record<string, string> = {
    HOME: `${folder}/home`,
    TMPDIR: `${folder}/tmp`,
    XDG_CACHE_HOME: `${folder}/tmp/cache`,
  };
  for (const name of proxies) {
    const value = env[name];
    if (value !== undefined && value !== '') vars[name] = value;
  }
  if (authoritiesOf(env) !== undefined) for (const name of trusting) vars[name] = `${folder}/${authorities}`;
  return Object.entries(vars).map(([name, value]) => `${name}=${value}`);
}
