import { join } from 'node:path';
import { runCrowd } from '../test/harness/crowd.ts';
import { root } from '../test/harness/host.ts';
import { createServices } from '../test/harness/services.ts';
import { createSetting } from '../test/harness/setting.ts';
import { printFigures, quantile } from './support/figures.ts';
import { watchHealth } from './support/health-watch.ts';

/*
 * `node bench/crowd.ts [conversations] [cpus] [replies]`: so many conversations are begun at once on a machine that has
 * room for few; each is answered once all have been served, so that the idle ones must make room.
 */

const [count, cpus, replies] = [100, 4, 20].map((usual, n) => Number(process.argv[n + 2] ?? usual));
if (!count || !cpus || replies === undefined) throw new Error('Give numbers: conversations, cpus, replies');
const script = `
scenarios:
  - when: { contains: one of a crowd }
    steps: [{ say: You are one of many. }]
  - when: { contains: again }
    steps: [{ say: "You are still the same: {{firstPrompt}}" }]
`;
const services = createServices({
  'claude-hitl': `export { default } from '${join(root, 'services/claude-hitl/service.ts')}';`,
});
const setting = await createSetting(script, {
  env: { AIRLOCK_SERVICES: services.dir, AIRLOCK_MAX_CPUS: String(cpus) },
});
try {
  setting.sim.control.setPace(0);
  const health = await watchHealth(setting.host.url);
  const crowd = await runCrowd(setting, {
    count,
    replies,
    onServed: (served) => void process.stderr.write(`\r${served} of ${count} served `),
  });
  await health.stop();
  const { mostContainers, mostDisplaced, mostQueued, tookMs } = crowd;
  const lost = crowd.events.filter((log) => log.some(({ kind }) => kind === 'error')).length;
  const [p95, idle] = [quantile(health.host, 0.95), quantile(health.idle, 0.95)];
  process.stderr.write(`\n${health.host.length} looks, ${mostQueued} in the queue at most, ${lost} failed\n`);
  printFigures([
    {
      name: `${count} conversations at once, ${replies} of them told more`,
      value: tookMs / 1000,
      unit: 's',
      baseline: `${mostContainers} containers at most; the farthest from its place by ${mostDisplaced}`,
      wanted: `≤ ${cpus} containers, in order`,
      isMet: mostContainers <= cpus && mostDisplaced <= cpus && lost === 0,
    },
    {
      name: '`/api/health` meanwhile, p95',
      value: p95,
      unit: 'ms',
      baseline: `median ${quantile(health.host, 0.5).toFixed(1)} ms; p95 of a server that does nothing ${idle.toFixed(1)} ms`,
      wanted: '< 50 ms',
      isMet: p95 < 50,
    },
  ]);
} finally {
  await setting.remove();
  services.remove();
}
