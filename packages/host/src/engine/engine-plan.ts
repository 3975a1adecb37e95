import type { EngineSearch } from './find-engine.ts';

/** What is known of the machine before an engine is installed or started on it. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly root: boolean;
  /** Debian, Ubuntu or a child of theirs. */
  readonly debian: boolean;
  /** `ID` of /etc/os-release, for the command we print: `fedora`, `arch`, `alpine`. */
  readonly distribution: string;
  readonly systemd: boolean;
  /** A dockerd is installed. */
  readonly dockerd: boolean;
  readonly dockerHost: boolean;
}

/** What can be done about a missing engine. `words` say it to a person before it is done. */
export type EnginePlan =
  | { readonly kind: 'install' | 'start'; readonly systemd: boolean; readonly words: readonly string[] }
  | { readonly kind: 'manual'; readonly command: string; readonly words: readonly string[] };

/** Decides; does nothing. */
export function planEngine(search: Exclude<EngineSearch, { kind: 'found' }>, machine: Machine): EnginePlan {
  if (search.kind === 'forbidden' || machine.dockerHost) {
    const fix = search.kind === 'missing' ? manualCommand(machine) : search.fix;
    return { kind: 'manual', command: fix, words: [describe(search)] };
  }
  const start = machine.systemd ? 'start Docker: systemctl enable --now docker' : 'start dockerd in the background';
  if (machine.platform === 'linux' && machine.root && machine.dockerd) {
    return {
      kind: 'start',
      systemd: machine.systemd,
      words: ['Docker is installed but does not run.', `Will ${start}`],
    };
  }
  if (machine.platform === 'linux' && machine.root && machine.debian) {
    return {
      kind: 'install',
      systemd: machine.systemd,
      words: [
        'No container engine was found.',
        'Will install Docker: apt-get install docker.io iptables',
        `Will ${start}`,
      ],
    };
  }
  const command = machine.dockerd && search.kind === 'missing' ? 'sudo systemctl enable --now docker' : undefined;
  return {
    kind: 'manual',
    command: search.kind === 'silent' ? search.fix : (command ?? manualCommand(machine)),
    words: [describe(search)],
  };
}

function describe(search: Exclude<EngineSearch, { kind: 'found' }>): string {
  switch (search.kind) {
    case 'missing':
      return `No container engine was found (looked at ${search.looked.join(', ')}).`;
    case 'silent':
      return `${search.at} does not answer: ${search.detail}.`;
    case 'forbidden':
      return `${search.at} may not be used: ${search.detail}.`;
  }
}

function manualCommand(machine: Machine): string {
  const sudo = machine.root ? '' : 'sudo ';
  if (machine.platform === 'darwin') return 'brew install orbstack && open -a OrbStack';
  if (machine.platform === 'win32') return 'wsl --install, then run Airlock inside WSL2';
  if (machine.debian) {
    return `${sudo}apt-get update && ${sudo}apt-get install -y docker.io && ${sudo}usermod -aG docker $USER && newgrp docker`;
  }
  switch (machine.distribution) {
    case 'fedora':
    case 'rhel':
    case 'centos':
    case 'rocky':
    case 'almalinux':
      return `${sudo}dnf install -y podman && systemctl --user enable --now podman.socket`;
    case 'arch':
      return `${sudo}pacman -S --noconfirm docker && ${sudo}systemctl enable --now docker`;
    case 'alpine':
      return `${sudo}apk add docker && ${sudo}rc-update add docker && ${sudo}service docker start`;
    case 'opensuse-leap':
    case 'opensuse-tumbleweed':
      return `${sudo}zypper install -y docker && ${sudo}systemctl enable --now docker`;
    default:
      return 'curl -fsSL https://get.docker.com | sh';
  }
}
