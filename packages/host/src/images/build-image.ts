import { Readable } from 'node:stream';
import type { EngineClient } from '../engine/engine-client.ts';
import type { Environment } from '../engine/run-program.ts';
import { readMessages } from './engine-messages.ts';

export interface BuildOptions {
  readonly client: EngineClient;
  readonly context: Readable;
  readonly base: string;
  readonly reference: string;
  readonly hash: string;
  readonly env: Environment;
  readonly onLine: (line: string) => void;
  readonly onProgress: (detail: string, percent?: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Has the engine build the context; throws what the builder says went wrong. */
export async function buildImage(options: BuildOptions): Promise<void> {
  const { client, context, base, reference, hash, signal } = options;
  const answer = await client.buildImage(context, {
    t: reference,
    dockerfile: 'Containerfile',
    buildargs: buildArguments(base, options.env),
    labels: { 'airlock.kind': 'worker', 'airlock.image': hash },
    forcerm: true,
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  await readMessages(Readable.from(answer, { objectMode: false }), ({ stream, status }) => {
    for (const line of (stream ?? status ?? '').split('\n')) {
      options.onLine(line);
      const step = parseBuildStep(line);
      if (step !== undefined) options.onProgress(step.detail, step.percent);
    }
  });
}

/** `Step 3/9 : RUN apt-get …` of the builder; the last step is done at 100 %. */
export function parseBuildStep(line: string): { detail: string; percent: number } | undefined {
  const [, n, of, detail] = /^Step (\d+)\/(\d+) : (.*)$/i.exec(line) ?? [];
  if (n === undefined || of === undefined || detail === undefined) return undefined;
  const shown = detail.length > 60 ? `${detail.slice(0, 59)}…` : detail;
  return { detail: shown, percent: Math.floor((100 * (Number(n) - 1)) / Number(of)) };
}

const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

/** Proxy settings are arguments every builder knows without declaring them, and keeps out of the image. */
function buildArguments(base: string, env: Environment): Record<string, string> {
  const args: Record<string, string> = { BASE: base };
  for (const name of proxies) {
    const value = env[name];
    if (value !== undefined && value !== '') args[name] = value;
  }
  return args;
}
