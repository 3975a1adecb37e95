import { createModelSim, type ModelSim } from '@airlock/model-sim/server';
import { type Api, apiOf } from './api.ts';
import { type HostOptions, startHost, type TestHost, testKey } from './host.ts';

/** A simulated model that accepts the test key alone, a host that uses it, and its API. */
export interface Setting {
  readonly sim: ModelSim;
  readonly host: TestHost;
  readonly api: Api;
  /** Ends all of it; containers too. */
  remove(): Promise<void>;
}

export async function createSetting(yaml: string, options: HostOptions = {}): Promise<Setting> {
  const sim = createModelSim({ scripts: [{ yaml, file: 'story.yaml' }], acceptKeys: [testKey], pace: 1 });
  const { url } = await sim.listen();
  const host = await startHost({ upstream: url, ...options });
  return {
    sim,
    host,
    api: apiOf(host),
    async remove() {
      await host.remove();
      await sim.close();
    },
  };
}
