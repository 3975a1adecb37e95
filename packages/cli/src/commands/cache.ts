import { listSchema } from '@airlock/protocol/api';
import { filledCacheSchema } from '@airlock/protocol/caches';
import { sizeInWords } from '@airlock/protocol/files/file';
import { type Context, connect } from '../context.ts';
import { plainLine } from '../plain.ts';
import { columns, printJson } from '../terminal.ts';

interface CacheOptions {
  readonly json?: boolean;
}

/** Lists the caches that are filled. */
export async function listCaches(context: Context, { json = false }: CacheOptions): Promise<number> {
  const list = await (await connect(context)).get('/caches', listSchema(filledCacheSchema));
  if (json) printJson(context.terminal, list);
  else if (list.items.length === 0) context.terminal.out('There are no caches\n');
  else {
    const rows = list.items.map(({ id, service, name, bytes, usedAt, fill }) => [
      id,
      plainLine(`${service}/${name}`, 60),
      sizeInWords(bytes),
      `used ${usedAt}`,
      plainLine(fill.join(' '), 60),
    ]);
    context.terminal.out(columns(rows));
  }
  return 0;
}

/** Removes a cache; it is filled again for the next conversation that wants it. */
export async function removeCache(context: Context, id: string, { json = false }: CacheOptions): Promise<number> {
  await (await connect(context)).act('DELETE', `/caches/${encodeURIComponent(id)}`);
  if (json) printJson(context.terminal, { id, removed: true });
  else context.terminal.out(`✓ Removed; it is filled again when a conversation wants it\n`);
  return 0;
}
