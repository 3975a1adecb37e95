import { AirlockError } from '@airlock/protocol/errors';

/** One ES module of a program. */
export interface CodeFile {
  readonly name: string;
  readonly code: string;
}

/**
 * The runner as `main.mjs` and what that loads once it has begun: few files start faster than many. All it imports, the
 * Agent SDK among it, is in them.
 */
export async function bundleRunner(root: string, entry: string): Promise<CodeFile[]> {
  // Needed only when an image is built.
  const { rolldown } = await import('rolldown');
  try {
    await using bundle = await rolldown({ input: { main: entry }, cwd: root, platform: 'node', logLevel: 'silent' });
    const { output } = await bundle.generate({
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name].mjs',
    });
    return output.flatMap((file) => (file.type === 'chunk' ? [{ name: file.fileName, code: file.code }] : []));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new AirlockError('image_build_failed', `Bundling ${entry}: ${detail}`, { cause });
  }
}
