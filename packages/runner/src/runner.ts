import { AirlockError } from '@airlock/protocol/errors';
import type { Ahead } from './ahead.ts';
import { createClaudeProcess } from './claude-process.ts';
import { startConversation } from './conversation.ts';
import { createDownlink } from './downlink.ts';
import { createLinks } from './links.ts';
import { createLiveText } from './live-text.ts';
import type { Loopback } from './loopback.ts';
import { createMcpProxy } from './mcp-proxy.ts';
import { serveModelProxy } from './model-proxy.ts';
import { createOrphanWatch } from './orphan.ts';
import { restoreTranscript } from './restore.ts';
import { readConfig } from './spec.ts';
import type { Surroundings } from './surroundings.ts';
import { createUplink } from './uplink.ts';
import { createWireLink, type WireLink } from './wire-link.ts';
import { createWireServer } from './wire-server.ts';

export interface Exit {
  readonly code: number;
  /** Last words for the engine's log, which the host reads. */
  readonly words?: string;
}

export interface Runner {
  /** Resolves when everything is over: said and taken by a host, or nobody came to take it. */
  readonly finished: Promise<Exit>;
  /** Ends the CLI without a word of its own, and sends what is queued if a host takes it at once. */
  stop(): void;
  /** The runner itself failed. */
  fail(error: unknown): void;
}

/** Frames waiting for a host, in bytes; beyond it the CLI is stopped. */
const maxQueued = 32 * 1024 * 1024;
const stopGraceMs = 4_000;
/** Exit code of a program ended by SIGTERM. */
const stoppedCode = 143;

/** What was begun before the runner could be loaded. */
interface Begun {
  readonly loopback: Loopback;
  readonly ahead?: Ahead | undefined;
}

/** Throws when the surroundings are not those of a session. */
export async function startRunner(surroundings: Surroundings, { loopback, ahead }: Begun): Promise<Runner> {
  const config = readConfig(surroundings);
  const { spec } = config;
  const live = createLiveText();
  const claude = createClaudeProcess((text) => void process.stderr.write(text), ahead);
  const uplink = createUplink({ live, maxBytes: maxQueued, onFull: claude.hold });
  const links = createLinks();
  const orphan = createOrphanWatch(spec.orphanMs);
  const over = Promise.withResolvers<Exit>();
  let isStopping = false;
  const mcp = createMcpProxy(links);
  serveModelProxy(loopback.server, links, mcp.serve);
  const leaving = new AbortController();
  const restored = spec.resumes
    ? restoreTranscript(links, { home: config.home, session: spec.session }, leaving.signal)
    : Promise.resolve();
  const mcpServers = mcp.configs(spec.mcpServers ?? {}, loopback.url);
  const conversation = startConversation({
    config,
    modelUrl: loopback.url,
    mcpServers,
    claude,
    uplink,
    live,
    restored,
  });
  const downlink = createDownlink({
    onFrame: conversation.take,
    onTaken: uplink.ackDown,
    onUpAck: uplink.acked,
  });

  function closed(link: WireLink): void {
    uplink.detach(link.sink);
    if (!links.isCurrent(link)) return;
    links.unset(link);
    orphan.detached();
  }

  const server = createWireServer({
    session: spec.session,
    tokenHash: spec.tokenHash,
    downTaken: () => downlink.taken,
    onAccept(socket, hello) {
      const link = createWireLink(socket, { onLine: downlink.take, onDrain: uplink.drained, onClose: closed });
      links.set(link);
      orphan.attached();
      uplink.attach(link.sink, hello.upCommitted);
    },
  });
  await server.listen(`\0${config.socket}`);

  async function run(): Promise<Exit> {
    const last = await Promise.race([conversation.ended, orphan.orphaned]);
    if (isStopping) return await over.promise;
    if (!last) return { code: 0 };
    if (last.type !== 'killed') uplink.push(last);
    await Promise.race([uplink.flushed(), orphan.orphaned]);
    if (last.type === 'killed') return last;
    return { code: last.type === 'ended' ? 0 : 1 };
  }

  return {
    finished: Promise.race([run(), over.promise]).finally(() => {
      leaving.abort();
      server.close();
      loopback.close();
    }),
    stop() {
      isStopping = true;
      const ended = claude.end().then(uplink.flushed);
      void Promise.race([ended, after(stopGraceMs)]).then(() => over.resolve({ code: stoppedCode }));
    },
    fail(error) {
      uplink.push({ type: 'failure', error: AirlockError.from(error, 'runner_failed').toBody() });
      void Promise.race([uplink.flushed(), after(stopGraceMs)]).then(() => over.resolve({ code: 1 }));
    },
  };
}

async function after(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
