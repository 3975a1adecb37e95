import { AirlockError } from '@airlock/protocol/errors';
import { bundleService } from './bundle.ts';
import { type Bundled, foldersSchema } from './bundled.ts';

/*
 * Entry of the process that bundles services: gets a list of folders, sends one `Bundled` for each, and ends. The
 * bundler's memory does not stay in the host.
 */

async function bundled(folder: string): Promise<Bundled> {
  try {
    return { kind: 'bundle', folder, ...(await bundleService(folder)) };
  } catch (error) {
    return { kind: 'unusable', folder, error: AirlockError.from(error, 'service_not_loaded').toBody() };
  }
}

process.once('disconnect', () => process.exit());
process.once('message', async (raw) => {
  for (const folder of foldersSchema.parse(raw)) {
    const message = await bundled(folder);
    await new Promise((resolve) => process.send?.(message, undefined, undefined, resolve));
  }
  process.disconnect();
});
