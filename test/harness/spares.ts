import Docker from 'dockerode';
import { vi } from 'vitest';
import type { Setting } from './setting.ts';

const engine = new Docker();

/** Spares whose containers run and are counted, by the sessions they could become. */
async function spares({ api, host }: Setting): Promise<string[]> {
  const all = await engine.listContainers({ filters: { name: ['airlock-warm-'] } });
  const { body } = await api.call('GET', '/system');
  const { count } = body.warm as { count: number };
  const mine = all.filter(({ Labels }) => Labels['airlock.home'] === host.installation);
  if (mine.length !== count) throw new Error(`${mine.length} containers, ${count} are told`);
  return mine.map(({ Names }) => (Names[0] ?? '').replace('/airlock-warm-', ''));
}

/** Resolves once there are so many; after a start that failed the host tries none for half a minute. */
export async function untilSpares(setting: Setting, count: number): Promise<string[]> {
  return await vi.waitFor(
    async () => {
      const found = await spares(setting);
      if (found.length !== count) throw new Error(`${found.length} spares`);
      return found;
    },
    { interval: 50, timeout: 45_000 },
  );
}
