import { cachesFolder } from '@airlock/protocol/caches';
import { imagePaths, sessionSpecVariable } from '@airlock/protocol/image';
import type Docker from 'dockerode';
import type { ContainerSpec } from './placement.ts';

const MiB = 1024 * 1024;

/** State folders of the CLI in its home, each a tmpfs that the engine mounts. Nothing else there can be written. */
export const stateFolders: Readonly<Record<string, number>> = {
  projects: 128 * MiB,
  'file-history': 64 * MiB,
  plans: 8 * MiB,
  // What plugins keep; their own files, and what is installed, cannot be written.
  'plugins/data': 8 * MiB,
  backups: 8 * MiB,
  'session-env': 8 * MiB,
  sessions: 8 * MiB,
  'shell-snapshots': 8 * MiB,
  tasks: 8 * MiB,
  todos: 8 * MiB,
};

/** Name of a session's container, and of its workspace volume. */
export const containerName = (session: string): string => `claude-session-${session}`;
export const spareName = (session: string): string => `airlock-warm-${session}`;

export const sessionLabels = {
  home: 'airlock.home',
  image: 'airlock.image',
  kind: 'airlock.kind',
  session: 'airlock.session',
} as const;

/** Labels of everything an installation makes for a session. */
export function labelsOf(home: string, session: string): Record<string, string> {
  return { [sessionLabels.home]: home, [sessionLabels.kind]: 'session', [sessionLabels.session]: session };
}

/** The container of a session, every restriction spelled out; `startCpus` is its share of the CPUs until it is settled. */
export function containerConfig(
  spec: ContainerSpec,
  home: string,
  startCpus: number = spec.cpus,
): Docker.ContainerCreateOptions {
  const session = spec.session.session;
  return {
    name: spec.isSpare ? spareName(session) : containerName(session),
    Image: spec.image,
    User: '1000:1000',
    Env: [`${sessionSpecVariable}=${JSON.stringify(spec.session)}`],
    Labels: { ...labelsOf(home, session), [sessionLabels.image]: spec.image },
    WorkingDir: imagePaths.workspace,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    Tty: false,
    StopSignal: 'SIGTERM',
    HostConfig: hostConfig(spec, session, startCpus),
  };
}

function hostConfig(spec: ContainerSpec, session: string, startCpus: number): Docker.HostConfig {
  const caches = (spec.caches ?? []).map(
    ({ name, volume }) =>
      ({ Type: 'volume', Source: volume, Target: `${cachesFolder}/${name}`, ReadOnly: true }) as const,
  );
  return {
    ...sealed({ memoryBytes: spec.memoryBytes, cpus: startCpus, fileBytes: spec.workspaceBytes }),
    NetworkMode: 'none',
    Tmpfs: tmpfs(),
    Mounts: [
      { Type: 'volume', Source: containerName(session), Target: imagePaths.workspace, ReadOnly: false },
      ...caches,
    ],
  };
}

interface Limits {
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Longest file. */
  readonly fileBytes: number;
}

/** What no container of ours may do; it says nothing about network and mounts. */
export function sealed({ memoryBytes, cpus, fileBytes }: Limits): Docker.HostConfig {
  return {
    ReadonlyRootfs: true,
    Privileged: false,
    CapDrop: ['ALL'],
    // The engine's default seccomp profile and masked paths stay in force as long as nothing here names another.
    SecurityOpt: ['no-new-privileges'],
    IpcMode: 'private',
    ShmSize: 64 * MiB,
    Memory: memoryBytes,
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(cpus * 1e9),
    PidsLimit: 512,
    // Tools raise theirs to 1000 and the CLI's is 500, so that the runner goes last, and before the host's own programs.
    OomScoreAdj: 100,
    // nproc counts uid 1000 over all containers, so it is high; left out, Podman asks for more than a machine may allow.
    Ulimits: [
      { Name: 'nofile', Soft: 16_384, Hard: 16_384 },
      { Name: 'fsize', Soft: fileBytes, Hard: fileBytes },
      { Name: 'nproc', Soft: 32_768, Hard: 32_768 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    // Only what the runner itself prints; an exec'd stream, and so the wire, is never logged.
    LogConfig: { Type: 'json-file', Config: { 'max-size': '256k', 'max-file': '1' } },
    RestartPolicy: { Name: 'no' },
  };
}

function tmpfs(): Record<string, string> {
  // Programs may run from /tmp: they may from /workspace too, and compilers and installers expect it.
  const mounts: Record<string, string> = { '/tmp': `rw,exec,nosuid,nodev,size=${256 * MiB},mode=1777` };
  for (const [folder, bytes] of Object.entries(stateFolders)) {
    // World-writable for want of uid=, which Podman's API refuses.
    mounts[`${imagePaths.home}/.claude/${folder}`] = `rw,noexec,nosuid,nodev,size=${bytes},mode=0777`;
  }
  return mounts;
}
