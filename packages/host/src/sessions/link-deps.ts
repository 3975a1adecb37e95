import { setTimeout as delay } from 'node:timers/promises';
import { hiddenLineFilter } from '@airlock/flow/hidden-lines';
import type { McpServers } from '@airlock/protocol/mcp';
import type { LiveFrame } from '@airlock/protocol/wire';
import type { McpTarget } from '../gateway/mcp-gateway.ts';
import type { UpstreamProblem } from '../gateway/problem.ts';
import type { Log } from '../log/log.ts';
import type { Fence } from '../ownership/ownership.ts';
import type { Placement, WorkerImage } from '../placement/placement.ts';
import type { Store } from '../store/store.ts';
import type { McpRequest, McpResponse, ModelRequest, ModelResponse } from '../wire/wire.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import { takeNewImage } from './container.ts';
import { commitFrame, endsTurn, type FrameSinks } from './frames.ts';
import type { LinkDeps } from './link.ts';
import type { Losses } from './losses.ts';
import type { MadeFiles } from './made-files.ts';
import { remoteServer } from './mcp-servers.ts';
import { toldOfPutOff } from './put-off.ts';
import { type SessionRow, sessionId, settingsOf } from './session-row.ts';
import { specOf } from './session-spec.ts';
import type { StallWatch } from './stall-watch.ts';
import { hasConversation, transcriptLines } from './transcript.ts';

/** What sessions need of the wire and the gateway. */
export interface WireParts {
  readonly openWire: LinkDeps['openWire'];
  readonly handleModel: (request: ModelRequest, session: string) => Promise<ModelResponse>;
  readonly handleMcp: (request: McpRequest, target: McpTarget) => Promise<McpResponse>;
  /** Throws `secret_unusable` when one that a server's headers name is not there, or not for it. */
  readonly requireSecrets: (servers: McpServers) => void;
  /** What the last model request of the session failed with, if it failed. */
  readonly upstreamProblem: (session: string) => UpstreamProblem | undefined;
  /** What is wrong with the model key, as far as can be told without a conversation. Must not reject. */
  readonly keyProblem: () => Promise<UpstreamProblem | undefined>;
  /** The session is over; nothing about it need be kept. */
  readonly forget: (session: string) => void;
}

interface Parts {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
  readonly wire: WireParts;
  readonly sinks: FrameSinks;
  readonly stalls: StallWatch;
  readonly logger: LinkDeps['log'];
  readonly losses: Losses;
  readonly fence: Fence;
  readonly made: MadeFiles;
  readonly workspaces: Pick<Workspaces, 'touch' | 'turnEnded'>;
  readonly bringFiles: LinkDeps['bringFiles'];
  readonly room: LinkDeps['room'];
  readonly withCaches: LinkDeps['withCaches'];
  /** The worker image now in use. */
  readonly image: () => WorkerImage;
}

/** What every link of this host does when something happens on its session. */
export function createLinkDeps(parts: Parts): LinkDeps {
  const { store, log, placement, wire, sinks, stalls } = parts;
  const live = createLiveFilters(log);

  async function noteState(row: SessionRow, state: 'attached' | 'unreachable', detail?: string): Promise<void> {
    const payload = { session: sessionId(row), state, ...(detail === undefined ? {} : { detail }) };
    await store.write(async (tx) => {
      await log.append(tx, row.execution, [{ kind: 'session', payload }]);
    });
  }

  /** Something people should know of that ends nothing. */
  async function warn({ id, execution }: SessionRow, text: string): Promise<void> {
    parts.logger.warn({ session: id }, text);
    await store
      .write(async (tx) => void (await log.append(tx, execution, [{ kind: 'stderr', payload: { text } }])))
      .catch((error: unknown) => parts.logger.warn({ session: id, error }, 'A warning was not written down'));
  }

  function settle(row: SessionRow): void {
    if (row.container !== null) void placement.settle(row.container, settingsOf(row).cpus);
  }

  return {
    store,
    placement,
    openWire: wire.openWire,
    fence: parts.fence,
    log: parts.logger,
    onGone: parts.losses.gone,
    onLost: parts.losses.lost,
    bringFiles: parts.bringFiles,
    room: parts.room,
    withCaches: parts.withCaches,
    pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
    specOf: async (row) => specOf(row, await hasConversation(store, row.id), await toldOfPutOff(store, row)),
    async commit(tx, row, frame) {
      stalls.touch(row.id);
      for (const each of frame.type === 'batch' ? frame.frames : [frame]) {
        if (each.type === 'turn' && endsTurn(row, each)) {
          tx.afterCommit(() => {
            stalls.forget(row.id);
            void parts.workspaces.turnEnded(row.id);
          });
        }
        if (each.type === 'tool_result') {
          parts.made.touch(row.id, row.execution);
          parts.workspaces.touch(row.id);
        }
        if (each.type === 'turn') tx.afterCommit(() => void parts.made.collect(row.id));
        if (each.type === 'ready') tx.afterCommit(() => settle(row));
        await commitFrame(tx, row, each, sinks);
      }
    },
    onLive: (row, frame) => {
      stalls.touch(row.id);
      live.take(row, frame);
    },
    onModel: (row, request) => {
      stalls.touch(row.id);
      return wire.handleModel(request, row.id);
    },
    onMcp: async (row, request) => {
      stalls.touch(row.id);
      const onProblem = (text: string) => void warn(row, text);
      return await wire.handleMcp(request, { session: row.id, server: remoteServer(row, request.server), onProblem });
    },
    onTranscript: (row) => transcriptLines(store, row.id),
    onWireOpen: async (row, again) => {
      if (row.state === 'live') settle(row);
      if (!again) return;
      // A crash may have come between claiming it and naming it.
      if (row.container !== null) void placement.claim(row.container, row.id);
      await noteState(row, 'attached');
    },
    onWireClosed: (row) => {
      live.forget(row.id);
      log.retractSession(row.execution, row.id);
    },
    async onUnreachable(session, problem) {
      const row = await store.db.selectFrom('sessions').selectAll().where('id', '=', session).executeTakeFirst();
      if (!row) return;
      const { message, code } = problem;
      if (code !== 'image_missing')
        return await noteState(row, 'unreachable', `${message}. Trying again until it answers`);
      if (await takeNewImage(store, row, parts.image())) return;
      await noteState(row, 'unreachable', `${message}. ${problem.toBody().fix}. Trying again until it is there`);
    },
  };
}

/** Live text on its way to viewers, with the lines a service hides taken out. */
function createLiveFilters(log: Log) {
  const filters = new Map<string, Map<string, ReturnType<typeof hiddenLineFilter>>>();

  function visible(row: SessionRow, frame: Extract<LiveFrame, { type: 'delta' }>): string {
    const { hiddenLines } = settingsOf(row);
    if (hiddenLines.length === 0 || frame.kind !== 'text') return frame.text;
    const key = `${frame.messageId} ${frame.block}`;
    const known = filters.get(row.id);
    const filter = known?.get(key) ?? hiddenLineFilter(hiddenLines);
    if (!known?.has(key)) filters.set(row.id, new Map([[key, filter]]));
    return filter.push(frame.text);
  }

  return {
    take(row: SessionRow, frame: LiveFrame): void {
      const session = sessionId(row);
      if (frame.type === 'retract') {
        filters.delete(row.id);
        log.retract(row.execution, { session, messageId: frame.messageId });
        return;
      }
      const { messageId, block, kind } = frame;
      const text = visible(row, frame);
      if (text !== '') log.live(row.execution, { session, messageId, block, kind, text });
    },
    forget: (session: string) => filters.delete(session),
  };
}
