import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { arch } from 'node:os';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import type { Config } from './config.ts';
import { ensureImage, type UsableImage } from './images/ensure-image.ts';
import { findImage } from './images/find-image.ts';
import { readImageInputs } from './images/image-inputs.ts';
import type { ImageProgress } from './images/progress.ts';
import type { WorkerImage } from './placement/placement.ts';
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

/**
 * The image a start uses. One that is missing is made in a process of its own, whose memory (a bundler, an archive of
 * 500 MB on its way) a host would otherwise keep for good. What it says goes to the file descriptor `output`.
 */
export async function requireImage(config: Config, engine: Engine, output: 1 | 2 = 1): Promise<WorkerImage> {
  const { reference, digest } = await readImage(config, engine);
  if (digest !== undefined) return { reference, digest };
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [main, 'image'], {
    stdio: ['inherit', output, 'inherit'],
    env: { ...config.env },
  });
  const [code] = await once(child, 'exit');
  const made = code === 0 ? await findImage(engine.client, reference) : undefined;
  if (made !== undefined) return { reference, digest: made };
  throw new AirlockError('image_missing', `${reference} could not be made; see above`);
}

/** Which image a start would use, and whether it would have to make it first. */
export async function readImage(config: Config, engine: Engine): Promise<{ reference: string; digest?: string }> {
  const reference = config.imageUri ?? `airlock-worker:${(await readImageInputs(config.root, engine.info.arch)).hash}`;
  const digest = await findImage(engine.client, reference);
  return { reference, ...(digest === undefined ? {} : { digest }) };
}

function words({ name, detail, percent }: ImageProgress): string {
  return `${name}: ${detail}${percent === undefined ? '' : ` ${Math.round(percent)} %`}`;
}
