import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import type { EngineInfo } from './engine.ts';
import { type EngineAddress, loadEngineAddress, parseDockerHost, renderEngineAddress } from './engine-address.ts';
import { type EngineCandidate, engineCandidates } from './engine-candidates.ts';
import { type EngineProbe, type ProbeResult, probeEngine } from './probe-engine.ts';

export interface FindEngineOptions {
  /** Read for DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, XDG_RUNTIME_DIR and TMPDIR. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
  /** Undefined where there are none (Windows). */
  readonly uid: number | undefined;
  readonly probe?: EngineProbe;
  readonly listFolder?: (path: string) => Promise<string[]>;
}

export type EngineSearch =
  | { readonly kind: 'found'; readonly address: EngineAddress; readonly info: EngineInfo }
  /** There is an engine, and we may not use it; `fix` says how to get the right. */
  | { readonly kind: 'forbidden'; readonly at: string; readonly detail: string; readonly fix: string }
  /** There is a socket, and nobody answers; `fix` says how to start it. */
  | { readonly kind: 'silent'; readonly at: string; readonly detail: string; readonly fix: string }
  | { readonly kind: 'missing'; readonly looked: readonly string[] };

/** Looks for an engine: at `DOCKER_HOST` alone if it is set, else at the usual sockets in order; the first that answers wins. */
export async function findEngine(options: FindEngineOptions): Promise<EngineSearch> {
  const probe = options.probe ?? probeEngine;
  const dockerHost = options.env.DOCKER_HOST;
  if (dockerHost !== undefined && dockerHost !== '') return await atDockerHost(dockerHost, options, probe);
  const candidates = engineCandidates({
    platform: options.platform,
    userHome: options.userHome,
    uid: options.uid,
    runtimeFolder: options.env.XDG_RUNTIME_DIR,
    tempFolder: options.env.TMPDIR,
    colimaProfiles: await (options.listFolder ?? listFolder)(join(options.userHome, '.colima')),
  });
  return await firstUsable(candidates, probe);
}

async function atDockerHost(value: string, options: FindEngineOptions, probe: EngineProbe): Promise<EngineSearch> {
  const verify = options.env.DOCKER_TLS_VERIFY;
  const parsed = parseDockerHost(value, verify !== undefined && verify !== '' && verify !== '0');
  const address = await loadEngineAddress(parsed, options.env.DOCKER_CERT_PATH ?? join(options.userHome, '.docker'));
  const at = `DOCKER_HOST=${value}`;
  const result = await probe(address);
  switch (result.kind) {
    case 'ok':
      return { kind: 'found', address, info: result.info };
    case 'forbidden':
      return { kind: 'forbidden', at, detail: result.detail, fix: 'sudo usermod -aG docker $USER, then sign in again' };
    case 'silent':
      return { kind: 'silent', at, detail: result.detail, fix: 'start that engine, or unset DOCKER_HOST' };
    case 'absent':
      return { kind: 'silent', at, detail: 'no such socket', fix: 'correct DOCKER_HOST, or unset it' };
  }
}

async function firstUsable(candidates: readonly EngineCandidate[], probe: EngineProbe): Promise<EngineSearch> {
  const blocked: { candidate: EngineCandidate; result: ProbeResult }[] = [];
  for (const candidate of candidates) {
    const address = { kind: 'socket', path: candidate.path } as const;
    const result = await probe(address);
    if (result.kind === 'ok') return { kind: 'found', address, info: result.info };
    blocked.push({ candidate, result });
  }
  for (const { candidate, result } of blocked) {
    const at = `${candidate.name} at ${candidate.path}`;
    if (result.kind === 'forbidden') return { kind: 'forbidden', at, detail: result.detail, fix: candidate.permit };
    if (result.kind === 'silent') return { kind: 'silent', at, detail: result.detail, fix: candidate.start };
  }
  return { kind: 'missing', looked: candidates.map(({ path }) => path) };
}

/** The search that found nothing usable, as an error for people. */
export function engineSearchError(search: Exclude<EngineSearch, { kind: 'found' }>): AirlockError {
  switch (search.kind) {
    case 'forbidden':
      return new AirlockError('engine_forbidden', `${search.at}: ${search.detail}. To get the right: ${search.fix}`);
    case 'silent':
      return new AirlockError('engine_unreachable', `${search.at}: ${search.detail}. What to do: ${search.fix}`);
    case 'missing':
      return new AirlockError('engine_not_found', `Looked at ${search.looked.join(', ')}`);
  }
}

/** As an error would say it, and as `doctor` shows it. */
export function renderEngine(search: Extract<EngineSearch, { kind: 'found' }>): string {
  return `${search.info.name} ${search.info.version} at ${renderEngineAddress(search.address)}`;
}

async function listFolder(path: string): Promise<string[]> {
  return await readdir(path).catch(() => []);
}
