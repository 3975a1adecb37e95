import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorBody } from './api-error.ts';
import { type ApiContext, answerApi, type KeyPolicy } from './api-routes.ts';
import { parseJsonObject, readBody } from './body.ts';
import type { Control } from './control.ts';
import { type ControlCall, createControlRoutes } from './control-routes.ts';
import { sendJson } from './delivery.ts';
import { createGates } from './gates.ts';
import { addressOf, close, listen } from './loopback.ts';
import { createPlanner, type VarySettings } from './planner.ts';
import { createRequests, type NewRequest, type RecordedRequest, type Requests } from './requests.ts';
import { type PlacedScenario, parseScript } from './script.ts';

/** A script as text, and the name it has in errors and records. */
interface ScriptSource {
  readonly yaml: string;
  readonly file: string;
}

export interface ModelSimOptions {
  /** The first scenario that fits answers. Default: none, so that every answer is a canned one. */
  readonly scripts?: readonly ScriptSource[];
  /** Milliseconds before each piece of a stream. Default 4. */
  readonly pace?: number;
  /** Refuses requests without a key with 401. Default false. */
  readonly requireKey?: boolean;
  /** Refuses requests with any other key with 401. Default: every key is taken. */
  readonly acceptKeys?: readonly string[];
  /** Answers a repeated conversation state differently. Default: the same way. */
  readonly vary?: VarySettings;
  /** Requests kept, default 1000; their bodies may have 64 MB in all. */
  readonly keepRequests?: number;
  /** Told of each request once it is no longer pending. Must not throw. */
  readonly ended?: (request: RecordedRequest) => void;
}

/** A simulated Messages API. It listens on the loopback interface only. */
export interface ModelSim {
  /** Starts listening; port 0 takes a free one. Rejects when the port is taken. */
  listen(port?: number): Promise<{ readonly port: number; readonly url: string }>;
  /** Breaks off every connection and stops. */
  close(): Promise<void>;
  /** Where it listens, without a slash at the end. Throws before `listen`. */
  readonly url: string;
  /** Requests received, oldest first. */
  readonly requests: readonly RecordedRequest[];
  readonly control: Control;
}

/** The largest body taken, as the Messages API has it: 32 MB. */
const bodyLimit = 32 * 1024 * 1024;
const defaultPace = 4;

/**
 * Creates a simulated Messages API.
 *
 * @throws ScriptError when a script cannot be used
 */
export function createModelSim(options: ModelSimOptions = {}): ModelSim {
  const requests = createRequests({
    limit: options.keepRequests ?? 1000,
    byteLimit: 64 * 1024 * 1024,
    ended: options.ended,
  });
  const { context, control } = createSettings(options, requests);
  const answer = createAnswerer(context, createControlRoutes(control, requests.all));
  const server = createServer((request, response) => void handle(answer, request, response));
  return {
    listen: (port = 0) => listen(server, port),
    close: () => close(server),
    get url() {
      return addressOf(server).url;
    },
    get requests() {
      return requests.all();
    },
    control,
  };
}

type Answerer = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;

/** Sends `/__sim` one way and everything else, recorded, the other. */
function createAnswerer(context: ApiContext, routes: (call: ControlCall) => Promise<void>): Answerer {
  const { requests } = context;
  return async (request, response, signal) => {
    const body = await readBody(request, bodyLimit);
    const text = body.kind === 'text' ? body.text : '';
    const url = new URL(`http://sim${request.url ?? '/'}`);
    if (url.pathname.startsWith('/__sim/')) return routes({ request, response, url, body: text, signal });
    const parsed = parseJsonObject(text) ?? null;
    const seq = requests.add(describe(request, parsed), body.kind === 'text' ? body.bytes : 0);
    const { method = '', headers } = request;
    const call = { seq, method, path: url.pathname, headers, response, signal };
    try {
      const outcome = await answerApi(context, { ...call, body: body.kind === 'text' ? parsed : undefined });
      requests.update(seq, { outcome });
    } catch (error) {
      requests.update(seq, { outcome: { kind: 'aborted' } });
      throw error;
    }
  };
}

/** Answers, whatever goes wrong; a client that left is nobody's fault. */
async function handle(answer: Answerer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    await answer(request, response, gone.signal);
  } catch (error) {
    if (gone.signal.aborted) return;
    if (!response.headersSent) sendJson(response, 500, errorBody(500, String(error)));
    else response.destroy();
  }
}

/** The parts that change while the simulator runs, and the control over them. */
function createSettings(options: ModelSimOptions, requests: Requests): { context: ApiContext; control: Control } {
  const given = (options.scripts ?? []).flatMap(({ yaml, file }) => parseScript(yaml, file));
  let scenarios: readonly PlacedScenario[] = given;
  let pace = options.pace ?? defaultPace;
  let heldAt: string | null = null;
  const gates = createGates();
  const planner = createPlanner(() => scenarios, options.vary ?? { enabled: false });
  const control: Control = {
    addScript(yaml, file = 'added') {
      const added = parseScript(yaml, file);
      scenarios = [...added, ...scenarios];
      return added.length;
    },
    setVary: planner.setVary,
    setPace(milliseconds) {
      pace = milliseconds;
    },
    hold(gate) {
      heldAt = gate;
    },
    waitForRequest: requests.waitFor,
    gates,
    reset() {
      scenarios = given;
      pace = options.pace ?? defaultPace;
      heldAt = null;
      requests.clear();
      planner.reset();
      gates.reset();
    },
  };
  const context: ApiContext = {
    planner,
    requests,
    gates,
    keys: keyPolicy(options),
    newId: createIds(),
    pace: () => pace,
    heldAt: () => heldAt,
  };
  return { context, control };
}

function keyPolicy(options: ModelSimOptions): KeyPolicy {
  if (options.acceptKeys !== undefined) return { kind: 'only', keys: options.acceptKeys };
  return { kind: options.requireKey === true ? 'required' : 'any' };
}

/** Ids that no other run of the simulator gives out. */
function createIds(): (prefix: string) => string {
  const run = randomBytes(6).toString('hex');
  let count = 0;
  return (prefix) => {
    count += 1;
    return `${prefix}01sim${run}${String(count).padStart(6, '0')}`;
  };
}

function describe(request: IncomingMessage, body: NewRequest['body']): NewRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    at: new Date().toISOString(),
    method: request.method ?? '',
    path: request.url ?? '',
    headers: Object.fromEntries(headers),
    body,
  };
}
