import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { parseJsonObject } from './body.ts';
import type { Control } from './control.ts';
import { sendJson } from './delivery.ts';
import type { RecordedRequest } from './requests.ts';
import { ScriptError } from './script.ts';
import { varyModes } from './vary.ts';

const releaseSchema = z.strictObject({ gate: z.string().min(1), stay: z.boolean().default(false) });
const holdSchema = z.strictObject({ gate: z.string().min(1).nullable() });
const paceSchema = z.strictObject({ milliseconds: z.number().min(0).max(600_000) });
const varySchema = z.strictObject({
  enabled: z.boolean(),
  seed: z.int().optional(),
  mode: z.enum(varyModes).optional(),
  times: z.int().min(1).optional(),
});

/** A request to `/__sim/…`, its body read. */
export interface ControlCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: string;
  readonly signal: AbortSignal;
}

class BadCall extends Error {}

/** Answers the `/__sim` routes, by which a test in another process drives the simulator. */
export function createControlRoutes(control: Control, requests: () => readonly RecordedRequest[]) {
  const routes: Record<string, (call: ControlCall) => unknown> = {
    'GET /__sim/requests': ({ url, signal }) => listRequests(control, requests, url, signal),
    'GET /__sim/gates': async ({ url, signal }) => {
      const name = url.searchParams.get('wait');
      if (name !== null) await control.gates.arrival(name, signal);
      return { waiting: control.gates.waiting() };
    },
    'POST /__sim/script': ({ body, url }) => ({
      scenarios: control.addScript(body, url.searchParams.get('name') ?? undefined),
    }),
    'POST /__sim/release': ({ body }) => {
      const { gate, stay } = parse(releaseSchema, body);
      return { released: control.gates.release(gate, { stay }) };
    },
    'POST /__sim/hold': ({ body }) => control.hold(parse(holdSchema, body).gate),
    'POST /__sim/pace': ({ body }) => control.setPace(parse(paceSchema, body).milliseconds),
    'POST /__sim/vary': ({ body }) => control.setVary(parse(varySchema, body)),
    'POST /__sim/reset': () => control.reset(),
  };
  return async (call: ControlCall): Promise<void> => {
    const route = routes[`${call.request.method} ${call.url.pathname}`];
    if (route === undefined)
      return sendJson(call.response, 404, { error: `No such route; there are ${Object.keys(routes).join(', ')}` });
    try {
      sendJson(call.response, 200, (await route(call)) ?? {});
    } catch (error) {
      if (!(error instanceof BadCall) && !(error instanceof ScriptError)) throw error;
      sendJson(call.response, 400, { error: error.message });
    }
  };
}

/** With `since`, only later ones; with `wait` too, as soon as there is one. */
async function listRequests(
  control: Control,
  requests: () => readonly RecordedRequest[],
  url: URL,
  signal: AbortSignal,
): Promise<{ requests: readonly RecordedRequest[]; last: number }> {
  const since = Number(url.searchParams.get('since') ?? 0);
  if (!Number.isInteger(since) || since < 0) throw new BadCall('since: give the seq of a request');
  if (url.searchParams.has('wait')) await control.waitForRequest((request) => request.seq > since, signal);
  const later = requests().filter((request) => request.seq > since);
  return { requests: later, last: later.at(-1)?.seq ?? since };
}

function parse<Value>(schema: z.ZodType<Value>, body: string): Value {
  const result = schema.safeParse(parseJsonObject(body));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BadCall(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`);
}
