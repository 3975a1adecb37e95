import type { Links } from './links.ts';
import { UnusableTranscriptError, writeTranscript } from './transcript-files.ts';

/**
 * Brings the conversation of an earlier container here, from whichever host has a wire open. Rejects when it cannot be
 * used here, and when `signal` aborts.
 */
export async function restoreTranscript(
  links: Pick<Links, 'current'>,
  where: { readonly home: string; readonly session: string },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const link = await links.current(signal);
    try {
      return await writeTranscript(link.transcript(), where);
    } catch (error) {
      if (error instanceof UnusableTranscriptError) throw error;
    }
    // It was cut. The next wire, opened at the host's pace, brings the next try.
    link.close();
    await link.closed;
  }
}
