import { describe, expect, it } from 'vitest';
import { isDebianLike } from './debian.ts';
import { type Machine, planEngine } from './engine-plan.ts';
import { dockerdArguments } from './start-dockerd.ts';

const debianRoot: Machine = {
  platform: 'linux',
  root: true,
  debian: true,
  distribution: 'debian',
  systemd: false,
  dockerd: false,
  dockerHost: false,
};
const missing = { kind: 'missing', looked: ['/var/run/docker.sock'] } as const;
const silent = {
  kind: 'silent',
  at: 'Docker at /var/run/docker.sock',
  detail: 'refused',
  fix: 'sudo systemctl start docker',
} as const;

describe('planEngine', () => {
  it('installs on Debian as root, and says so in words', () => {
    const plan = planEngine(missing, debianRoot);
    expect(plan).toMatchObject({ kind: 'install', systemd: false });
    expect(plan.words.join(' ')).toContain('apt-get install docker.io iptables');
  });

  it('only starts an engine that is installed', () => {
    expect(planEngine(missing, { ...debianRoot, dockerd: true, systemd: true })).toMatchObject({
      kind: 'start',
      systemd: true,
    });
    expect(planEngine(silent, { ...debianRoot, dockerd: true })).toMatchObject({ kind: 'start', systemd: false });
  });

  it.each<[string, Partial<Machine>, string]>([
    ['macOS', { platform: 'darwin', root: false, debian: false }, 'brew install orbstack'],
    ['Fedora', { debian: false, distribution: 'fedora' }, 'dnf install -y podman'],
    ['Debian without root', { root: false }, 'sudo apt-get install -y docker.io'],
    ['an unknown Linux', { debian: false, distribution: 'void' }, 'get.docker.com'],
  ])('gives the command for %s', (_name, machine, command) => {
    const plan = planEngine(missing, { ...debianRoot, ...machine });
    expect(plan.kind === 'manual' ? plan.command : '').toContain(command);
  });

  it('installs nothing when there is an engine we may not use, or DOCKER_HOST names one', () => {
    const forbidden = { kind: 'forbidden', at: 'Docker', detail: 'EACCES', fix: 'usermod' } as const;
    expect(planEngine(forbidden, debianRoot)).toMatchObject({ kind: 'manual', command: 'usermod' });
    expect(planEngine(silent, { ...debianRoot, dockerHost: true })).toMatchObject({
      kind: 'manual',
      command: silent.fix,
    });
  });
});

describe('isDebianLike', () => {
  it.each([
    ['ID=debian', true],
    ['ID=pop\nID_LIKE="ubuntu debian"', true],
    ['ID="ubuntu"', true],
    ['ID=fedora', false],
    ['ID=alpine\nNAME=debian', false],
  ])('reads %j as %s', (text, expected) => {
    expect(isDebianLike(text)).toBe(expected);
  });
});

describe('dockerdArguments', () => {
  it('leaves live-restore to a configuration that sets it', () => {
    expect(dockerdArguments(undefined)).toEqual(['--live-restore']);
    expect(dockerdArguments('{"debug": true}')).toEqual(['--live-restore']);
    expect(dockerdArguments('{"live-restore": false}')).toEqual([]);
  });
});
