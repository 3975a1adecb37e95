import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { AirlockError } from '@airlock/protocol/errors';
import { type Plugin, rolldown } from 'rolldown';
import { transformSync } from 'rolldown/utils';
import * as z from 'zod';

/** A service as one ES module. What Airlock itself gives to services is not in it, nor what it names as external. */
export interface Bundle {
  /** SHA-256 of `code`, in hex. */
  readonly hash: string;
  readonly code: string;
  /** Absolute paths of the files it was made of. */
  readonly inputs: string[];
}

const maxBytes = 16 * 1024 ** 2;

/** What services import from the Airlock they run in. */
const platform = /^@airlock\/(flow|protocol)(\/|$)/;

const packageSchema = z.object({
  airlock: z.object({ external: z.array(z.string().min(1)).max(100).default([]) }).optional(),
});

/** Bundles `service.ts` in `folder`. Rejects with `service_not_loaded` and what is wrong with it. */
export async function bundleService(folder: string): Promise<Bundle> {
  const about = join(folder, 'package.json');
  const external = await readExternals(about);
  /** A module finds its own files where they are, not where the bundle is. */
  const ownPlace: Plugin = {
    name: 'own-place',
    transform: {
      filter: { code: /import\.meta|__dirname|__filename/, id: { exclude: /^\0/ } },
      handler(code, id, { moduleType }) {
        const path = id.replace(/\?.*$/, '');
        const define = placeOf(path);
        const { code: placed, errors } = transformSync(path, code, { define, lang: langOf(moduleType, path) });
        return errors.length > 0 ? undefined : { code: placed, moduleType: 'js' };
      },
    },
  };
  try {
    await using bundle = await rolldown({
      input: join(folder, 'service.ts'),
      cwd: folder,
      platform: 'node',
      external: (id) => platform.test(id) || external.some((name) => id === name || id.startsWith(`${name}/`)),
      plugins: [ownPlace],
      logLevel: 'silent',
    });
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
    const { code, moduleIds } = output[0];
    if (code.length > maxBytes) throw refused(`It is larger than ${maxBytes / 1024 ** 2} MiB with all it imports`);
    const hash = createHash('sha256').update(code).digest('hex');
    return { hash, code, inputs: [about, ...moduleIds.filter((id) => !id.startsWith('\0'))] };
  } catch (error) {
    throw error instanceof AirlockError ? error : refused(explain(error));
  }
}

async function readExternals(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    return packageSchema.parse(JSON.parse(text)).airlock?.external ?? [];
  } catch (cause) {
    const detail = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new AirlockError('service_not_loaded', `Its package.json cannot be used: ${detail}`, { cause });
  }
}

function placeOf(path: string): Record<string, string> {
  const folder = JSON.stringify(dirname(path));
  const file = JSON.stringify(path);
  return {
    'import.meta.url': JSON.stringify(pathToFileURL(path).href),
    'import.meta.dirname': folder,
    'import.meta.filename': file,
    __dirname: folder,
    __filename: file,
  };
}

function langOf(moduleType: string, path: string): 'js' | 'jsx' | 'ts' | 'tsx' {
  if (moduleType === 'jsx' || moduleType === 'ts' || moduleType === 'tsx') return moduleType;
  return /^\.[cm]?ts$/.test(extname(path)) ? 'ts' : 'js';
}

function explain(error: unknown): string {
  const text = stripVTControlCharacters(error instanceof Error ? error.message : String(error)).trim();
  if (!/\.node\b/.test(text)) return text.slice(0, 2_000);
  return `${text.slice(0, 1_500)}\nA package with native code is named in "airlock": {"external": [...]} of its package.json`;
}

function refused(detail: string): AirlockError {
  return new AirlockError('service_not_loaded', detail);
}
