import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import { isDebianLike, readOsRelease } from '../engine/debian.ts';
import type { EngineInfo } from '../engine/engine.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import { engineMessage, toEngineError } from '../engine/engine-error.ts';
import type { Environment } from '../engine/run-program.ts';
import { ensureBaseImage } from './base-image.ts';
import { contextEntries, packContext } from './build-context.ts';
import { buildImage } from './build-image.ts';
import { BuildLog } from './build-log.ts';
import { bundleRunner } from './bundle-runner.ts';
import { findImage } from './find-image.ts';
import { type ImageInputs, readImageInputs } from './image-inputs.ts';
import { findNpmFile } from './npm-file.ts';
import { type OnImageProgress, stepReporter } from './progress.ts';
import { pullImage } from './pull-image.ts';

export interface EnsureImageOptions {
  readonly client: EngineClient;
  readonly engine: EngineInfo;
  /** Of the project. */
  readonly root: string;
  /** CONTAINER_IMAGE_URI: used as it is, pulled if it is not here. */
  readonly containerImageUri?: string | undefined;
  readonly cacheFolder: string;
  readonly logFolder: string;
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly hostArch: string;
  readonly uid: number | undefined;
  readonly onProgress: OnImageProgress;
  /** The runner's first file; its own when absent. */
  readonly runnerEntry?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface UsableImage {
  readonly reference: string;
  readonly id: string;
  /** Whether it was built or pulled now. */
  readonly built: boolean;
}

const pullSilenceMs = 60_000;

/** The image sessions run in, made if it is not there. */
export async function ensureImage(options: EnsureImageOptions): Promise<UsableImage> {
  const { client, containerImageUri } = options;
  if (containerImageUri !== undefined) return await ensurePulled(containerImageUri, options);
  const inputs = await readImageInputs(options.root, options.engine.arch);
  const reference = `airlock-worker:${inputs.hash}`;
  const present = await findImage(client, reference);
  if (present !== undefined) return { reference, id: present, built: false };
  const log = await BuildLog.open(options.logFolder);
  try {
    await build(reference, inputs, log, options);
  } catch (thrown) {
    options.signal?.throwIfAborted();
    throw buildError(thrown, log);
  } finally {
    await log.close();
  }
  return { reference, id: await required(client, reference), built: true };
}

async function ensurePulled(reference: string, options: EnsureImageOptions): Promise<UsableImage> {
  const present = await findImage(options.client, reference);
  if (present !== undefined) return { reference, id: present, built: false };
  const onProgress = (detail: string, percent?: number): void =>
    options.onProgress({ name: 'Pull', n: 1, of: 1, detail, ...(percent === undefined ? {} : { percent }) });
  await pullImage({ ...options, reference, onProgress, silenceMs: pullSilenceMs });
  return { reference, id: await required(options.client, reference), built: true };
}

async function build(
  reference: string,
  inputs: ImageInputs,
  log: BuildLog,
  options: EnsureImageOptions,
): Promise<void> {
  const onLine = (line: string): void => log.line(line);
  const { arch } = options.engine;
  const programs = stepReporter(options.onProgress, 'Programs');
  const base = await ensureBaseImage({
    ...options,
    arch,
    debootstrap: await canDebootstrap(options),
    onLine,
    onProgress: stepReporter(options.onProgress, 'Base image'),
  });
  programs('Node and the Agent SDK');
  const find = async (name: string, version: string, file: string): Promise<string> =>
    await findNpmFile({ name, version, arch, file }, { ...options, onLine });
  const node = await find(`node-linux-${arch}`, inputs.nodeVersion, 'bin/node');
  const claude = await find(`@anthropic-ai/claude-agent-sdk-linux-${arch}`, inputs.sdkVersion, 'claude');
  programs('bundling the runner', 90);
  const entry = options.runnerEntry ?? join(options.root, 'packages/runner/src/main.ts');
  const runner = await bundleRunner(options.root, entry);
  const entries = contextEntries({ files: inputs.files, node, claude, runner });
  const onProgress = stepReporter(options.onProgress, 'Image');
  onProgress('sending 500 MB to the engine', 0);
  await buildImage({
    ...options,
    context: packContext(entries),
    base,
    reference,
    hash: inputs.hash,
    onLine,
    onProgress,
  });
}

/** Debian's tools make images for the machine they run on, which must be the engine's. */
async function canDebootstrap({ platform, uid, hostArch, engine }: EnsureImageOptions): Promise<boolean> {
  const here = platform === 'linux' && uid === 0 && hostArch === engine.arch && engine.address.startsWith('unix://');
  return here && isDebianLike(await readOsRelease());
}

function buildError(thrown: unknown, log: BuildLog): AirlockError {
  log.line(engineMessage(thrown));
  const { code } = toEngineError(thrown, '', 'image_build_failed');
  const shown = code === 'image_missing' ? 'image_build_failed' : code;
  return new AirlockError(shown, `${log.tail}\nBuild log: ${log.path}`, { cause: thrown });
}

async function required(client: EngineClient, reference: string): Promise<string> {
  const id = await findImage(client, reference);
  if (id === undefined)
    throw new AirlockError('image_missing', `${reference} was made, but the engine does not have it`);
  return id;
}
