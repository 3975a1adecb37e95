import { startHostRig } from '@airlock/host/executions/host-rig.fixture';
import { openStore } from '@airlock/host/store/store';
import { residentMb } from './figures.ts';

/*
 * A host without engine and HTTP, in a process of its own: `host.ts <store> <services>`. Told over IPC to launch, to answer
 * and to say how it is.
 */

export type ToBenchHost =
  | { readonly type: 'launch'; readonly n: number; readonly times: number; readonly count: number }
  | { readonly type: 'answer'; readonly n: number; readonly request: string }
  | { readonly type: 'open'; readonly n: number }
  | { readonly type: 'memory'; readonly n: number };

const [, , path = '', servicesDir = ''] = process.argv;
const store = await openStore(path);
const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
const rig = await startHostRig({ store, services: servicesDir, env: { PATH, NODE_COMPILE_CACHE } });
const ann = { name: 'ann', role: 'admin' } as const;
setInterval(() => void rig.executions.check().catch(() => undefined), 1_000);

async function launch(count: number, times: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const id = await rig.launch('waits', { times: String(times) });
    ids.push(await rig.asked(id));
  }
  return ids;
}

async function obey(message: ToBenchHost): Promise<unknown> {
  switch (message.type) {
    case 'launch':
      return await launch(message.count, message.times);
    case 'answer':
      return await rig.inbox.answer(message.request, { words: 'yes' }, ann);
    case 'open':
      return (await rig.inbox.listOpen({ limit: 100_000 })).map(({ id }) => id);
    case 'memory':
      globalThis.gc?.();
      return await residentMb();
  }
}

process.on('message', (message: ToBenchHost) => {
  void obey(message).then(
    (value) => process.send?.({ n: message.n, value }),
    (error: unknown) => process.send?.({ n: message.n, error: String(error) }),
  );
});
process.once('disconnect', () => process.exit());
process.send?.({ n: 0 });
