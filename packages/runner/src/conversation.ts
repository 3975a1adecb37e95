import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '@airlock/protocol/json';
import type { DownFrame, UpFrame } from '@airlock/protocol/wire';
import { query, type SessionStore } from '@anthropic-ai/claude-agent-sdk';
import { createAsks } from './asks.ts';
import { claudeOptions } from './claude-options.ts';
import type { ClaudeProcess } from './claude-process.ts';
import { failureOf } from './ending.ts';
import type { LiveText } from './live-text.ts';
import { countMemoryKills } from './memory-kills.ts';
import { createMessageReader, type Output } from './messages.ts';
import { createPrompts } from './prompts.ts';
import type { RunnerConfig } from './spec.ts';
import type { Uplink } from './uplink.ts';

export interface ConversationOptions {
  readonly config: RunnerConfig;
  readonly modelUrl: string;
  readonly claude: ClaudeProcess;
  readonly uplink: Uplink;
  readonly live: LiveText;
}

/** One conversation with the CLI, from the start of its process to its end. */
export interface Conversation {
  take(frame: DownFrame): void;
  /** Resolves with the last frame of the conversation, which was not sent yet; never rejects. */
  readonly ended: Promise<Extract<UpFrame, { type: 'ended' | 'failure' }>>;
}

/** Starts the CLI at once, before anything is asked of it. */
export function startConversation({ config, modelUrl, claude, uplink, live }: ConversationOptions): Conversation {
  const prompts = createPrompts();
  const asks = createAsks((frame) => uplink.push(frame));
  const killsBefore = countMemoryKills();
  let isEnding = false;
  const sdk = query({
    prompt: prompts,
    options: claudeOptions(
      config,
      {
        canUseTool: asks.canUseTool,
        sessionStore: mirrorTo(uplink),
        spawnClaudeCodeProcess: claude.spawn,
      },
      modelUrl,
      readProjectMemory(config.project),
    ),
  });

  function apply(output: Output): void {
    switch (output.kind) {
      case 'frame':
        uplink.push(output.frame);
        return;
      case 'delta':
        live.add(output.delta);
        uplink.touchLive();
        return;
      case 'finish':
        live.finish(output.messageId, output.block);
        return;
      case 'retract':
        live.retract(output.messageId);
        uplink.touchLive();
        return;
    }
  }

  async function run(): ReturnType<typeof finish> {
    const read = createMessageReader();
    let thrown: unknown;
    try {
      for await (const message of sdk) for (const output of read(message)) apply(output);
    } catch (error) {
      thrown = error;
    }
    return await finish(thrown);
  }

  async function finish(thrown: unknown): Promise<Extract<UpFrame, { type: 'ended' | 'failure' }>> {
    if (isEnding) return { type: 'ended' };
    const exit = await claude.end();
    const kills = ((await countMemoryKills()) ?? 0) - ((await killsBefore) ?? 0);
    return { type: 'failure', error: failureOf(exit, kills, thrown) };
  }

  return {
    take(frame) {
      switch (frame.type) {
        case 'prompt':
          prompts.push(frame.uuid, frame.text);
          return;
        case 'answer':
          if (!asks.answer(frame.requestId, frame.verdict)) {
            uplink.push({ type: 'note', text: `An answer came for ${frame.requestId}, which is not asked any more` });
          }
          return;
        case 'interrupt':
          sdk.interrupt().catch((error: unknown) => uplink.push({ type: 'note', text: `Not interrupted: ${error}` }));
          return;
        case 'end':
          isEnding = true;
          prompts.end();
          return;
      }
    },
    ended: run(),
  };
}

/** The transcript goes up as it is written. Appending is done when it is queued: it never fails and never waits. */
function mirrorTo(uplink: Uplink): SessionStore {
  return {
    append: ({ projectKey, subpath }, entries) => {
      const where = subpath === undefined ? { projectKey } : { projectKey, subpath };
      uplink.push({ type: 'transcript', ...where, entries: entries as unknown as Json[] });
      return Promise.resolve();
    },
    load: () => Promise.resolve(null),
  };
}

/** `projectConfigRoot` brings everything of a project but its CLAUDE.md. */
function readProjectMemory(project: string): string {
  for (const path of [join(project, 'CLAUDE.md'), join(project, '.claude', 'CLAUDE.md')]) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // Not there: the next place.
    }
  }
  return '';
}
