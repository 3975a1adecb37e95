import { arch } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { ensureImage, type UsableImage } from './images/ensure-image.ts';
import { findImage } from './images/find-image.ts';
import { readImageInputs } from './images/image-inputs.ts';
import type { ImageProgress } from './images/progress.ts';
import type { Engine } from './setup.ts';
import type { Terminal } from './terminal.ts';

/** Pulls or builds the worker image unless the engine has it, showing step, progress and time. */
export async function prepareImage(config: Config, engine: Engine, terminal: Terminal): Promise<UsableImage> {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  let shown: ImageProgress | undefined;
  const show = () => {
    if (shown) terminal.progress(`  Image ${shown.n}/${shown.of} ${words(shown)} ${seconds()} s`);
  };
  const ticking = setInterval(show, 1000);
  try {
    const image = await ensureImage({
      client: engine.client,
      engine: engine.info,
      root: config.root,
      containerImageUri: config.imageUri,
      cacheFolder: join(config.home, 'cache'),
      logFolder: join(config.home, 'logs'),
      env: config.env,
      platform: process.platform,
      hostArch: arch(),
      uid: process.getuid?.(),
      onProgress: (progress) => {
        shown = progress;
        show();
      },
    });
    if (image.built) terminal.line(`  Image ready after ${seconds()} s`);
    return image;
  } finally {
    clearInterval(ticking);
  }
}

/** Which image a start would use, and whether it would have to make it first. */
export async function readImage(config: Config, engine: Engine): Promise<{ reference: string; present: boolean }> {
  const reference = config.imageUri ?? `airlock-worker:${(await readImageInputs(config.root, engine.info.arch)).hash}`;
  return { reference, present: (await findImage(engine.client, reference)) !== undefined };
}

function words({ name, detail, percent }: ImageProgress): string {
  return `${name}: ${detail}${percent === undefined ? '' : ` ${Math.round(percent)} %`}`;
}
