import type { OlderVersion, ServiceSummary } from '@airlock/protocol/api';
import type { ErrorBody } from '@airlock/protocol/errors';
import type { ServiceManifest } from '@airlock/protocol/service-channel';
import { type OpenVersion, shortHash, type Version } from '../versions/versions.ts';
import type { Pool } from './pool/pool.ts';

/** What new executions of a service run. */
export interface Current {
  readonly version: Version;
  readonly manifest: ServiceManifest;
  readonly pool: Pool;
}

/** What is served of a folder. */
export interface Served {
  readonly folder: string;
  readonly current: Current | undefined;
  /** Why its newest source is not served. */
  readonly problem: ErrorBody | undefined;
}

/** What people see of it. */
export function summaryOf({ folder, current, problem }: Served, open: readonly OpenVersion[]): ServiceSummary {
  const { name = folder, title = folder, description = '', version = '', tags = [] } = current?.manifest ?? {};
  const hash = current?.version.hash;
  const summary = { name, title, description, version, tags, older: olderOf(name, open, hash) };
  if (!current || current.pool.problem) {
    const detail = (current?.pool.problem ?? problem)?.detail ?? 'It is still loading';
    return { ...summary, hash: '', state: 'unusable', problem: detail };
  }
  const ready = { ...summary, hash: shortHash(current.version.hash), state: 'ready' } as const;
  return problem ? { ...ready, problem: problem.detail } : ready;
}

/** Of one whose source is gone while executions of it are open. */
export function removedSummary(name: string, open: readonly OpenVersion[]): ServiceSummary {
  const known = open.find((each) => each.service === name)?.manifest;
  return {
    name,
    title: known?.title ?? name,
    description: known?.description ?? '',
    version: '',
    hash: '',
    tags: known?.tags ?? [],
    state: 'removed',
    problem: 'It was removed. Its open executions go on',
    older: olderOf(name, open, undefined),
  };
}

function olderOf(name: string, open: readonly OpenVersion[], current: string | undefined): OlderVersion[] {
  return open
    .filter((each) => each.service === name && each.hash !== current)
    .map((each) => ({
      hash: shortHash(each.hash),
      version: each.manifest?.version ?? '',
      deployedAt: each.deployedAt ?? null,
      open: each.open,
    }))
    .sort((a, b) => (b.deployedAt ?? '').localeCompare(a.deployedAt ?? ''));
}
