import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TranscriptLine } from '@airlock/protocol/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreTranscript } from './restore.ts';
import type { WireLink } from './wire-link.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'airlock-restore-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const kept = (path: string) => readFileSync(join(home, '.claude', 'projects', path), 'utf8');
const entry = (type: string, subpath?: string): TranscriptLine => ({
  projectKey: '-workspace',
  ...(subpath === undefined ? {} : { subpath }),
  entry: { type },
});
const whole = [
  entry('user'),
  entry('agent_metadata', 'subagents/agent-1'),
  entry('user', 'subagents/agent-1'),
  entry('assistant'),
  { end: 4 },
];

/** What a host sends, in pieces that respect no line; then it breaks off, if `isCut`. */
async function* sent(lines: readonly TranscriptLine[], isCut = false): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  for (let at = 0; at < bytes.length; at += 50) yield bytes.subarray(at, at + 50);
  if (isCut) throw new Error('The stream was cut');
}

/** Wires that open one after the other, each to a host that sends one of these. */
function linksOf(...answers: AsyncIterable<Uint8Array>[]) {
  const closed: number[] = [];
  const link = (n: number, answer: AsyncIterable<Uint8Array>): WireLink => ({
    sink: { write: () => true },
    request: () => expect.unreachable('nothing is asked of the model'),
    mcp: () => expect.unreachable('nothing is asked of a server'),
    transcript: () => answer,
    isOpen: true,
    closed: Promise.resolve(),
    close: () => void closed.push(n),
  });
  let opened = 0;
  return {
    closed,
    async current(signal: AbortSignal) {
      signal.throwIfAborted();
      const answer = answers[opened];
      opened += 1;
      return answer ? link(opened, answer) : await new Promise<never>(() => undefined);
    },
  };
}

const restore = (links: ReturnType<typeof linksOf>, signal = new AbortController().signal) =>
  restoreTranscript(links, { home, session: 'the-session' }, signal);

describe('restoreTranscript()', () => {
  it('puts every transcript where the CLI looks for it', async () => {
    await restore(linksOf(sent(whole)));
    expect(kept('-workspace/the-session.jsonl')).toBe('{"type":"user"}\n{"type":"assistant"}\n');
    expect(kept('-workspace/the-session/subagents/agent-1.jsonl')).toBe('{"type":"user"}\n');
    expect(kept('-workspace/the-session/subagents/agent-1.meta.json')).toBe('{}');
  });

  it.each([
    ['was cut', sent(whole.slice(0, 2), true)],
    ['ended too early', sent(whole.slice(0, 2))],
    ['lacks an entry', sent(whole.slice(1))],
  ])('asks the next host for a transcript that %s, and begins anew', async (_, answer) => {
    const links = linksOf(answer, sent(whole));
    await restore(links);
    expect(links.closed).toEqual([1]);
    expect(kept('-workspace/the-session.jsonl')).toBe('{"type":"user"}\n{"type":"assistant"}\n');
  });

  it.each([
    ['is no JSON', { projectKey: '' }],
    ['names a folder elsewhere', { projectKey: '../../..', entry: {} }],
    ['names a file elsewhere', { projectKey: '-workspace', subpath: '../../../settings', entry: {} }],
  ])('takes nothing from a transcript that %s, and does not ask again', async (_, line) => {
    const links = linksOf(sent([line as TranscriptLine]), sent(whole));
    await expect(restore(links)).rejects.toThrow('cannot be taken up here');
  });

  it('waits no longer than it is wanted', async () => {
    await expect(restore(linksOf(), AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});
