import { posix } from 'node:path';

/** A place where an engine may listen. */
export interface EngineCandidate {
  /** What people call it. */
  readonly name: string;
  readonly path: string;
  /** What to do when the socket is there but may not be used. */
  readonly permit: string;
  /** What to do when the socket is there but nobody answers. */
  readonly start: string;
}

export interface CandidateSurroundings {
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
  readonly uid: number | undefined;
  readonly runtimeFolder: string | undefined;
  readonly tempFolder: string | undefined;
  /** Names of the folders in `~/.colima`. */
  readonly colimaProfiles: readonly string[];
}

const dockerGroup = 'sudo usermod -aG docker $USER, then sign in again (or: newgrp docker)';
const startDocker = 'sudo systemctl start docker';

/** Where to look without `DOCKER_HOST`, in order. */
export function engineCandidates(at: CandidateSurroundings): EngineCandidate[] {
  if (at.platform === 'win32') {
    return [
      pick(
        'Docker Desktop',
        '//./pipe/docker_engine',
        'add yourself to the docker-users group',
        'start Docker Desktop',
      ),
    ];
  }
  const home = (...parts: string[]): string => posix.join(at.userHome, ...parts);
  return [
    pick('Docker', '/var/run/docker.sock', dockerGroup, at.platform === 'linux' ? startDocker : 'start Docker'),
    ...['.docker/run/docker.sock', '.docker/desktop/docker.sock'].map((path) =>
      own('Docker Desktop', home(path), 'start Docker Desktop'),
    ),
    own('OrbStack', home('.orbstack/run/docker.sock'), 'orb start'),
    ...colima(at.colimaProfiles).map((profile) =>
      own(
        'Colima',
        home('.colima', profile, 'docker.sock'),
        profile === 'default' ? 'colima start' : `colima start ${profile}`,
      ),
    ),
    ...podman(at, home),
  ];
}

function podman(at: CandidateSurroundings, home: (...parts: string[]) => string): EngineCandidate[] {
  if (at.platform === 'darwin') {
    const sockets = ['podman.sock', 'qemu/podman.sock', 'applehv/podman.sock'];
    const paths = sockets.map((socket) => home('.local/share/containers/podman/machine', socket));
    if (at.tempFolder !== undefined) paths.push(posix.join(at.tempFolder, 'podman/podman-machine-default-api.sock'));
    return paths.map((path) => own('Podman machine', path, 'podman machine start'));
  }
  const runtime = at.runtimeFolder ?? (at.uid === undefined || at.uid === 0 ? undefined : `/run/user/${at.uid}`);
  const enable = 'systemctl enable --now podman.socket';
  return [
    pick(
      'Podman',
      '/run/podman/podman.sock',
      'use the rootless one: systemctl --user enable --now podman.socket',
      `sudo ${enable}`,
    ),
    ...(runtime === undefined
      ? []
      : [
          own(
            'Podman (rootless)',
            posix.join(runtime, 'podman/podman.sock'),
            'systemctl --user enable --now podman.socket',
          ),
        ]),
  ];
}

function colima(profiles: readonly string[]): string[] {
  const named = profiles.filter((name) => name !== 'default' && !name.startsWith('_')).sort();
  return ['default', ...named];
}

function pick(name: string, path: string, permit: string, start: string): EngineCandidate {
  return { name, path, permit, start };
}

function own(name: string, path: string, start: string): EngineCandidate {
  return pick(name, path, `make ${path} yours again, or sign in as its owner`, start);
}
