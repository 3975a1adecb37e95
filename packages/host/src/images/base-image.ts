import { AirlockError } from '@airlock/protocol/errors';
import type { EngineClient } from '../engine/engine-client.ts';
import type { Environment } from '../engine/run-program.ts';
import { debootstrapImage } from './debootstrap.ts';
import { findImage } from './find-image.ts';
import { pullImage } from './pull-image.ts';

export interface BaseImageOptions {
  readonly client: EngineClient;
  /** The engine's. */
  readonly arch: string;
  /** Whether Debian's own tools can make the image here: root, Debian-like, same architecture, local engine. */
  readonly debootstrap: boolean;
  readonly cacheFolder: string;
  readonly env: Environment;
  readonly onLine: (line: string) => void;
  readonly onProgress: (detail: string, percent?: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export const registryBase = 'debian:bookworm-slim';
const silenceMs = 15_000;

/** A Debian image to build on: one that is here, else the registry's, else one made of Debian's packages. */
export async function ensureBaseImage(options: BaseImageOptions): Promise<string> {
  const { client, onProgress } = options;
  // The architecture is part of the name, because Podman gives an imported image no other tag than `latest`.
  const repository = `airlock-base-bookworm-${options.arch}`;
  const local = `${repository}:latest`;
  for (const reference of [registryBase, local]) {
    if ((await findImage(client, reference)) !== undefined) return reference;
  }
  onProgress(`asking the registry for ${registryBase}`);
  const refusal = await pullBase(options);
  if (refusal === undefined) return registryBase;
  options.onLine(refusal.message);
  if (!options.debootstrap) {
    throw new AirlockError(
      'image_build_failed',
      `${refusal.detail}. Without a registry the base image can be made only by root on Debian or Ubuntu. ` +
        `Load one by hand (docker load, or docker pull ${registryBase}), or set CONTAINER_IMAGE_URI to a ready worker image`,
      { cause: refusal },
    );
  }
  onProgress('no registry; making the base of Debian packages');
  await debootstrapImage({ ...options, repository, tag: 'latest' });
  return local;
}

/** Returns why the registry gave nothing; an engine that fails is no such reason, and thrown. */
async function pullBase(options: BaseImageOptions): Promise<AirlockError | undefined> {
  try {
    await pullImage({ ...options, reference: registryBase, silenceMs });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof AirlockError && thrown.code === 'image_pull_failed') return thrown;
    throw thrown;
  }
}
