import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const hostFileSchema = z.object({
  pid: z.number().int().positive(),
  url: z.url(),
  startedAt: z.string(),
  /** A bearer token for commands of the same user. */
  token: z.string(),
});

/** What a ready host leaves in `AIRLOCK_HOME/host.json` for the commands beside it. */
export type HostFile = z.infer<typeof hostFileSchema>;

/** Reads the file; one that is missing, half written or of another shape counts as none. */
export function readHostFile(home: string): HostFile | undefined {
  try {
    return hostFileSchema.safeParse(JSON.parse(readFileSync(join(home, 'host.json'), 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
