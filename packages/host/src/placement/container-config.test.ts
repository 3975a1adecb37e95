import { idSchema } from '@airlock/protocol/ids';
import { describe, expect, it } from 'vitest';
import { containerConfig } from './container-config.ts';

const session = idSchema.parse('0197f5a0-0000-7000-8000-000000000001');
const config = containerConfig(
  {
    image: 'airlock-worker:1',
    session: { session, tokenHash: 'a'.repeat(64), orphanMs: 1000 },
    memoryBytes: 1024 ** 3,
    workspaceBytes: 5 * 1024 ** 3,
    cpus: 1,
  },
  'home1',
);

describe('containerConfig', () => {
  it('keeps every restriction', () => {
    expect(config.HostConfig).toMatchInlineSnapshot(`
      {
        "CapDrop": [
          "ALL",
        ],
        "IpcMode": "private",
        "LogConfig": {
          "Config": {
            "max-file": "1",
            "max-size": "256k",
          },
          "Type": "json-file",
        },
        "Memory": 1073741824,
        "MemorySwap": 1073741824,
        "Mounts": [
          {
            "ReadOnly": false,
            "Source": "claude-session-0197f5a0-0000-7000-8000-000000000001",
            "Target": "/workspace",
            "Type": "volume",
          },
        ],
        "NanoCpus": 1000000000,
        "NetworkMode": "none",
        "OomScoreAdj": 100,
        "PidsLimit": 512,
        "Privileged": false,
        "ReadonlyRootfs": true,
        "RestartPolicy": {
          "Name": "no",
        },
        "SecurityOpt": [
          "no-new-privileges",
        ],
        "ShmSize": 67108864,
        "Tmpfs": {
          "/app/template_user/.claude/backups": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/app/template_user/.claude/file-history": "rw,noexec,nosuid,nodev,size=67108864,mode=0777",
          "/app/template_user/.claude/plans": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/app/template_user/.claude/plugins/data": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/app/template_user/.claude/projects": "rw,noexec,nosuid,nodev,size=134217728,mode=0777",
          "/app/template_user/.claude/session-env": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/app/template_user/.claude/sessions": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/app/template_user/.claude/shell-snapshots": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/app/template_user/.claude/tasks": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/app/template_user/.claude/todos": "rw,noexec,nosuid,nodev,size=8388608,mode=0777",
          "/tmp": "rw,exec,nosuid,nodev,size=268435456,mode=1777",
        },
        "Ulimits": [
          {
            "Hard": 16384,
            "Name": "nofile",
            "Soft": 16384,
          },
          {
            "Hard": 5368709120,
            "Name": "fsize",
            "Soft": 5368709120,
          },
          {
            "Hard": 32768,
            "Name": "nproc",
            "Soft": 32768,
          },
          {
            "Hard": 0,
            "Name": "core",
            "Soft": 0,
          },
        ],
      }
    `);
  });

  it('runs as uid 1000 and tells the container its session and nothing else', () => {
    expect(config).toMatchObject({
      name: `claude-session-${session}`,
      User: '1000:1000',
      Tty: false,
      OpenStdin: false,
    });
    expect(config.Env).toEqual([
      `AIRLOCK_SESSION={"session":"${session}","tokenHash":"${'a'.repeat(64)}","orphanMs":1000}`,
    ]);
  });

  it('can be found by its labels', () => {
    expect(config.Labels).toEqual({
      'airlock.home': 'home1',
      'airlock.kind': 'session',
      'airlock.session': session,
      'airlock.image': 'airlock-worker:1',
    });
  });

  it('asks for nothing that would open it', () => {
    const asked = Object.keys(config.HostConfig ?? {});
    for (const key of [
      'Binds',
      'CapAdd',
      'Devices',
      'PidMode',
      'UsernsMode',
      'VolumesFrom',
      'PortBindings',
      'ExtraHosts',
    ]) {
      expect(asked).not.toContain(key);
    }
  });
});
