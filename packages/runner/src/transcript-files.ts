import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Json } from '@airlock/protocol/json';
import { createLineReader } from '@airlock/protocol/lines';
import { maxWireLine, type TranscriptLine, transcriptLineSchema } from '@airlock/protocol/wire';

/** The transcript itself cannot be used here: asking for it again is of no use. */
export class UnusableTranscriptError extends Error {
  constructor(cause: unknown) {
    super(`The conversation cannot be taken up here: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.name = 'UnusableTranscriptError';
  }
}

type Entry = Extract<TranscriptLine, { entry: unknown }>;

/**
 * Writes a transcript to where the CLI looks for the conversation it is to resume: `lines` as a host sends them.
 * Rejects when they end before all was sent, with `UnusableTranscriptError` when they cannot be read or written. Writing
 * again replaces what was there.
 */
export async function writeTranscript(
  lines: AsyncIterable<Uint8Array>,
  { home, session }: { readonly home: string; readonly session: string },
): Promise<void> {
  const reader = createLineReader(maxWireLine);
  const begun = new Set<string>();
  let taken = 0;
  let end: number | undefined;

  async function take(chunk: Uint8Array): Promise<void> {
    const texts = new Map<string, string>();
    for (const line of reader.push(chunk)) {
      const parsed = transcriptLineSchema.parse(JSON.parse(line));
      if ('end' in parsed) {
        end = parsed.end;
        continue;
      }
      taken += 1;
      const { path, text, isWhole } = fileOf(parsed, home, session);
      texts.set(path, isWhole ? text : (texts.get(path) ?? '') + text);
      if (isWhole) begun.delete(path);
    }
    for (const [path, text] of texts) await write(path, text, begun);
  }

  for await (const chunk of lines) {
    await take(chunk).catch((error: unknown) => {
      throw new UnusableTranscriptError(error);
    });
  }
  if (end !== taken) throw new Error(`The transcript ended after ${taken} entries`);
}

async function write(path: string, text: string, begun: Set<string>): Promise<void> {
  if (begun.has(path)) return await appendFile(path, text);
  begun.add(path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** The CLI keeps what it knows of a sub-agent beside its transcript; the newest stands. */
const metadataType = 'agent_metadata';

function fileOf({ projectKey, subpath, entry }: Entry, home: string, session: string) {
  const projects = join(home, '.claude', 'projects');
  const folder = within(projects, projectKey);
  const base = within(folder, subpath === undefined ? session : join(session, subpath));
  const metadata = metadataOf(entry);
  if (metadata) return { path: `${base}.meta.json`, text: JSON.stringify(metadata), isWhole: true };
  return { path: `${base}.jsonl`, text: `${JSON.stringify(entry)}\n`, isWhole: false };
}

function metadataOf(entry: Json): object | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry) || entry.type !== metadataType)
    return undefined;
  const { type: _, ...metadata } = entry;
  return metadata;
}

function within(folder: string, name: string): string {
  const path = resolve(folder, name);
  if (!path.startsWith(folder + sep)) throw new Error(`A transcript cannot be kept as ${name}`);
  return path;
}
