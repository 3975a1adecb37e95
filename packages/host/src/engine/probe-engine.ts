import type { EngineInfo } from './engine.ts';
import { type EngineAddress, renderEngineAddress } from './engine-address.ts';
import { createEngineClient } from './engine-client.ts';
import { toEngineError } from './engine-error.ts';

const probeMs = 5000;

/** What came of asking one address. */
export type ProbeResult =
  | { readonly kind: 'ok'; readonly info: EngineInfo }
  | { readonly kind: 'absent' }
  | { readonly kind: 'forbidden'; readonly detail: string }
  | { readonly kind: 'silent'; readonly detail: string };

export type EngineProbe = (address: EngineAddress) => Promise<ProbeResult>;

/** Asks the engine at an address who it is; never rejects. */
export async function probeEngine(address: EngineAddress): Promise<ProbeResult> {
  try {
    return { kind: 'ok', info: await readEngineInfo(address, AbortSignal.timeout(probeMs)) };
  } catch (thrown) {
    return classifyProbe(thrown);
  }
}

export function classifyProbe(thrown: unknown): ProbeResult {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
  const error = toEngineError(thrown, 'asked for its version', 'engine_unreachable');
  if (error.code === 'engine_forbidden') return { kind: 'forbidden', detail: error.detail };
  const timedOut = thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
  return { kind: 'silent', detail: timedOut ? `no answer within ${probeMs / 1000} s` : error.detail };
}

async function readEngineInfo(address: EngineAddress, signal: AbortSignal): Promise<EngineInfo> {
  const client = createEngineClient(address);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const [version, info] = await Promise.race([Promise.all([client.version(), client.info()]), aborted]);
  const components: readonly { Name: string }[] = version.Components ?? [];
  return {
    name: components.some((component) => /podman/i.test(component.Name)) ? 'podman' : 'docker',
    version: version.Version,
    arch: toNodeArch(String(info.Architecture)),
    memoryBytes: Number(info.MemTotal),
    cpus: Number(info.NCPU),
    address: renderEngineAddress(address),
  };
}

/** The kernel's and Go's names of architectures, in Node's words. */
export function toNodeArch(name: string): string {
  const known: Record<string, string> = { x86_64: 'x64', amd64: 'x64', aarch64: 'arm64', arm64: 'arm64' };
  return known[name] ?? name;
}
