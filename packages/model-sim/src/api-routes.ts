import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { type ErrorStatus, errorBody } from './api-error.ts';
import { readConversation } from './conversation.ts';
import { deliver, sendJson } from './delivery.ts';
import type { Gates } from './gates.ts';
import type { JsonObject } from './json.ts';
import { composeMessage } from './message.ts';
import { type MessagesRequest, parseCountRequest, parseMessagesRequest } from './messages-request.ts';
import type { Plan, Planner } from './planner.ts';
import type { Outcome, Requests } from './requests.ts';
import { countTokens } from './tokens.ts';

/** Which keys the API takes: any, any but none, or only these. */
export type KeyPolicy =
  | { readonly kind: 'any' }
  | { readonly kind: 'required' }
  | { readonly kind: 'only'; readonly keys: readonly string[] };

/** What the API routes work with. */
export interface ApiContext {
  readonly planner: Planner;
  readonly requests: Requests;
  readonly gates: Gates;
  readonly keys: KeyPolicy;
  readonly newId: (prefix: string) => string;
  readonly pace: () => number;
  readonly heldAt: () => string | null;
}

/** A recorded request to anything but `/__sim`; `body` is undefined when it was too large. */
export interface ApiCall {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject | null | undefined;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** Answers as the Messages API does. Rejects only with the signal's reason. */
export async function answerApi(context: ApiContext, call: ApiCall): Promise<Outcome> {
  call.response.setHeader('request-id', context.newId('req_'));
  const route = `${call.method} ${call.path}`;
  if (route === 'GET /v1/models') return answerModels(context, call);
  const known = route === 'POST /v1/messages' || route === 'POST /v1/messages/count_tokens';
  if (!known) return refuse(call, 404, `There is no ${call.method} ${call.path} here`);
  if (!keyAccepted(context.keys, call.headers)) return refuse(call, 401);
  if (call.body === undefined) return refuse(call, 413);
  if (call.body === null) return refuse(call, 400, 'The request body is not valid JSON');
  return route === 'POST /v1/messages' ? answerMessages(context, call, call.body) : answerCount(call, call.body);
}

function answerModels(context: ApiContext, call: ApiCall): Outcome {
  if (!keyAccepted(context.keys, call.headers)) return refuse(call, 401);
  sendJson(call.response, 200, { data: [], has_more: false, first_id: null, last_id: null });
  return { kind: 'answered' };
}

function answerCount(call: ApiCall, body: JsonObject): Outcome {
  const parsed = parseCountRequest(body);
  if (!parsed.ok) return refuse(call, 400, parsed.problem);
  sendJson(call.response, 200, { input_tokens: countTokens(parsed.request) });
  return { kind: 'answered' };
}

async function answerMessages(context: ApiContext, call: ApiCall, body: JsonObject): Promise<Outcome> {
  const parsed = parseMessagesRequest(body);
  if (!parsed.ok) return refuse(call, 400, parsed.problem);
  return converse(context, call, parsed.request);
}

function converse(context: ApiContext, call: ApiCall, request: MessagesRequest): Promise<Outcome> {
  const session = call.headers['x-claude-code-session-id'];
  const talk = readConversation(request, typeof session === 'string' ? session : '');
  const chosen = context.planner.plan(request, talk, session !== undefined);
  const plan = held(chosen, context.heldAt());
  const { prompt, turn, round } = talk;
  context.requests.update(call.seq, { talk: { prompt, turn, round }, source: plan.source });
  return deliver({
    response: call.response,
    plan,
    message: composeMessage(request, plan.answer, context.newId),
    stream: request.stream === true,
    pace: plan.pace ?? context.pace(),
    gates: context.gates,
    signal: call.signal,
    begun: () => plan.source.kind === 'side' || context.planner.begun(talk),
  });
}

function held(plan: Plan, gate: string | null): Plan {
  return gate === null || plan.source.kind === 'side' ? plan : { ...plan, hold: gate };
}

function refuse(call: ApiCall, status: ErrorStatus, message?: string): Outcome {
  const body = errorBody(status, message);
  sendJson(call.response, status, body);
  return { kind: 'refused', status, detail: body.error.message };
}

function keyAccepted(policy: KeyPolicy, headers: IncomingHttpHeaders): boolean {
  if (policy.kind === 'any') return true;
  const given = headers['x-api-key'];
  const key = typeof given === 'string' ? given : headers.authorization?.replace(/^Bearer /i, '');
  if (key === undefined || key === '') return false;
  return policy.kind === 'required' || policy.keys.includes(key);
}
