import { AirlockError } from '@airlock/protocol/errors';

/** The runner and all it imports, the Agent SDK among it, as one ES module: it starts faster than its many files. */
export async function bundleRunner(root: string, entry: string): Promise<string> {
  // Needed only when an image is built.
  const { rolldown } = await import('rolldown');
  try {
    await using bundle = await rolldown({ input: entry, cwd: root, platform: 'node', logLevel: 'silent' });
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
    return output[0].code;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new AirlockError('image_build_failed', `Bundling ${entry}: ${detail}`, { cause });
  }
}
