import { readFile } from 'node:fs/promises';

const sources = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control'];

/** How many processes of this container the kernel has killed for memory; undefined when it does not say. */
export async function countMemoryKills(): Promise<number | undefined> {
  for (const source of sources) {
    const text = await readFile(source, 'utf8').catch(() => '');
    const found = /^oom_kill (\d+)$/m.exec(text)?.[1];
    if (found !== undefined) return Number(found);
  }
  return undefined;
}
