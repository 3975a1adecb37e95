import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AirlockError } from '@airlock/protocol/errors';
import type { Json } from '@airlock/protocol/json';
import type { DownFrame, SingleFrame } from '@airlock/protocol/wire';
import {
  type McpServerConfig,
  type Query,
  query,
  type SDKMessage,
  type SessionStore,
} from '@anthropic-ai/claude-agent-sdk';
import { createAsks } from './asks.ts';
import { createChecks } from './checks.ts';
import { claudeOptions } from './claude-options.ts';
import type { ClaudeProcess } from './claude-process.ts';
import { createEdits } from './edits.ts';
import { type Ending, endingOf } from './ending.ts';
import { createFactsReader, isEmptying, type Known } from './facts.ts';
import type { LiveText } from './live-text.ts';
import { countMemoryKills } from './memory-kills.ts';
import { createMessageReader, type Output } from './messages.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { createPrompts } from './prompts.ts';
import { createPuttingOff } from './putting-off.ts';
import { createServiceTools } from './service-tools.ts';
import type { RunnerConfig } from './spec.ts';
import type { Uplink } from './uplink.ts';

export interface ConversationOptions {
  readonly config: RunnerConfig;
  readonly modelUrl: string;
  /** Beside the one of the service's tools. */
  readonly mcpServers: Record<string, McpServerConfig>;
  readonly claude: ClaudeProcess;
  readonly uplink: Uplink;
  readonly live: LiveText;
  /** Resolves when the CLI can be started: what it is to remember is where it looks for it. */
  readonly restored: Promise<void>;
}

/** One conversation with the CLI, from the start of its process to its end. */
export interface Conversation {
  take(frame: DownFrame): void;
  /** Resolves with what is to be said last; never rejects. */
  readonly ended: Promise<Ending>;
}

/** Longest that something to show waits for its place in the transcript. */
const holdMs = 2_000;
/** How long a CLI that is ready may take to ask again about the call an earlier one put off: milliseconds, or what an MCP server takes. */
const askAgainMs = { alone: 30_000, withServers: 120_000 };
const notAskedAgain = 'Claude Code did not take up the call it had put off';

/** Starts the CLI as soon as it can be, before anything is asked of it. */
export function startConversation({
  config,
  modelUrl,
  mcpServers,
  claude,
  uplink,
  live,
  restored,
}: ConversationOptions): Conversation {
  const prompts = createPrompts();
  const mirror = createMirror({ push: uplink.push, apply, holdMs });
  const edits = createEdits();
  const send = (frame: SingleFrame) => mirror.add([{ kind: 'frame', frame }]);
  const tools = createServiceTools(config.spec.tools ?? [], send);
  const asks = createAsks({ send, isFree: tools.isFree, onEdited: edits.note });
  const { putOff } = config.spec;
  const { push: tell, flushed: committed } = uplink;
  const puttingOff = createPuttingOff({ asks, send, tell, committed, interrupt, wasPutOff: putOff !== undefined });
  const checks = createChecks({ send, hasRules: config.spec.checks ?? false, hold: puttingOff.hold });
  const killsBefore = countMemoryKills();
  let isEnding = false;
  let isNotAsked = false;
  let sdk: Query | undefined;
  const started = Promise.withResolvers<Query>();

  function startClaude(): Query {
    const options = claudeOptions(
      config,
      {
        canUseTool: asks.canUseTool,
        onElicitation: asks.onElicitation,
        mcpServers: { ...mcpServers, ...tools.servers },
        hooks: { ...edits.hooks, ...checks.hooks },
        sessionStore: storeOf(mirror),
        spawnClaudeCodeProcess: claude.spawn,
      },
      modelUrl,
      readProjectMemory(config.project),
    );
    return query({ prompt: prompts, options });
  }

  function apply(output: Exclude<Output, { kind: 'frame' }>): void {
    switch (output.kind) {
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

  async function run(): Promise<Ending> {
    const read = createMessageReader(putOff);
    const readFacts = createFactsReader(config, knownOf(started.promise));
    let thrown: unknown;
    try {
      await restored;
      sdk = startClaude();
      started.resolve(sdk);
      if (puttingOff.isAwaited) void watchForCall(sdk);
      for await (const message of sdk) {
        if (message.type === 'system' && message.subtype === 'init') {
          for (const frame of await readFacts(message)) send(frame);
        }
        // A result comes after everything it is the result of, in the transcript too.
        if (message.type === 'result') mirror.flush();
        if (puttingOff.see(message)) {
          end();
          continue;
        }
        if (message.type === 'result' && message.terminal_reason === 'tool_deferred_unavailable') {
          giveUpCall();
          continue;
        }
        if (message.type === 'stream_event' && message.parent_tool_use_id === null) {
          mirror.streams(message.event.type !== 'message_stop');
        }
        mirror.add(read(message), entryOf(message));
        puttingOff.tellWaits();
      }
    } catch (error) {
      thrown = error;
    }
    const ending = await finish(thrown);
    if (ending.type === 'killed') mirror.drop();
    else mirror.flush();
    return ending;
  }

  /** Sees to it that the call an earlier CLI put off is taken up, or known to be lost. */
  async function watchForCall(claudeCode: Query): Promise<void> {
    await claudeCode.initializationResult().catch(() => undefined);
    const patienceMs = Object.keys(mcpServers).length === 0 ? askAgainMs.alone : askAgainMs.withServers;
    setTimeout(() => puttingOff.isAwaited && giveUpCall(), patienceMs).unref();
  }

  function giveUpCall(): void {
    if (isNotAsked) return;
    isNotAsked = true;
    uplink.push({ type: 'not_asked' });
    void claude.end();
  }

  function end(): void {
    isEnding = true;
    prompts.end();
  }

  async function finish(thrown: unknown): Promise<Ending> {
    if (isNotAsked) return { type: 'killed', code: 1, words: notAskedAgain };
    if (isEnding) return { type: 'ended' };
    if (!sdk) return { type: 'failure', error: AirlockError.from(thrown, 'runner_failed').toBody() };
    const exit = await claude.end();
    const kills = ((await countMemoryKills()) ?? 0) - ((await killsBefore) ?? 0);
    return endingOf(exit, kills, thrown);
  }

  async function control(problem: string, act: () => Promise<void>): Promise<void> {
    await act().catch((error: unknown) => uplink.push({ type: 'note', text: `${problem}: ${error}` }));
  }

  async function interrupt(): Promise<void> {
    await control('Not interrupted', async () => void (await sdk?.interrupt()));
  }

  async function applySettings({ permissionMode, model, effort }: Extract<DownFrame, { type: 'settings' }>) {
    const claudeCode = await started.promise;
    if (permissionMode !== undefined) await claudeCode.setPermissionMode(permissionMode);
    if (model !== undefined) await claudeCode.setModel(model ?? undefined);
    if (effort !== undefined) await claudeCode.applyFlagSettings({ effortLevel: effort });
  }

  return {
    take(frame) {
      switch (frame.type) {
        case 'prompt':
          if (isEmptying(frame.text)) for (const said of refuseToEmpty(frame.uuid)) send(said);
          else {
            puttingOff.said(frame.uuid);
            prompts.push(frame.uuid, frame.text);
          }
          return;
        case 'notice':
          puttingOff.said(frame.uuid);
          prompts.pushNotice(frame.uuid, frame.text);
          return;
        case 'answer':
          if (!asks.answer(frame.requestId, frame.verdict)) {
            uplink.push({ type: 'note', text: `An answer came for ${frame.requestId}, which is not asked any more` });
          }
          return;
        case 'tool_answer':
          tools.answer(frame);
          return;
        case 'checked':
          checks.answer(frame);
          return;
        case 'interrupt':
          if (puttingOff.isAwaited) puttingOff.stopFirst();
          else void interrupt();
          return;
        case 'settings':
          void control('Not changed', () => applySettings(frame));
          return;
        case 'stop_task':
          void control('Not stopped', async () => await (await started.promise).stopTask(frame.id));
          return;
        case 'put_off':
          puttingOff.take(frame);
          return;
        case 'end':
          end();
          return;
      }
    },
    ended: run(),
  };
}

/** What the CLI says of itself when it is asked. */
function knownOf(started: Promise<Query>): () => Promise<Known> {
  return async () => {
    const claude = await started;
    const [commands, agents] = await Promise.all([claude.supportedCommands(), claude.supportedAgents()]);
    return { commands, agents };
  };
}

/** The conversation is kept under one name, with all that was said in it: it is not begun anew. */
function refuseToEmpty(prompt: string): SingleFrame[] {
  const text = 'A conversation keeps what was said in it. Begin another to start anew, or make room with /compact.';
  const turn = { isError: false, subtype: 'success', terminalReason: null, apiStatus: null, tokens: [] };
  return [
    { type: 'message', messageId: prompt, block: 0, text },
    { type: 'turn', prompt, ...turn, text, durationMs: 0 },
  ];
}

/** The transcript entry that holds a message, for the messages that have one. */
function entryOf(message: SDKMessage): string | undefined {
  if (message.type === 'assistant') return message.message.model === '<synthetic>' ? undefined : message.uuid;
  if (message.type !== 'user' || message.isSynthetic || typeof message.message.content === 'string') return undefined;
  return message.message.content.some(({ type }) => type === 'tool_result') ? message.uuid : undefined;
}

/** The transcript goes up as it is written. Appending is done when it is queued: it never fails and never waits. */
function storeOf(mirror: Mirror): SessionStore {
  return {
    append: ({ projectKey, subpath }, entries) => {
      const where = subpath === undefined ? { projectKey } : { projectKey, subpath };
      mirror.wrote({ type: 'transcript', ...where, entries: entries as unknown as Json[] });
      return Promise.resolve();
    },
    // The SDK would put what it loads, and the settings with it, where tools can write.
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
