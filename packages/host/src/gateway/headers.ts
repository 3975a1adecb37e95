import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

const requestHeaders =
  /^(?:accept|content-type|content-length|user-agent|x-app|anthropic-[\w-]+|x-stainless-[\w-]+|x-claude-code-[\w-]+)$/;
const responseHeaders =
  /^(?:content-type|request-id|retry-after|retry-after-ms|x-should-retry|anthropic-ratelimit-[\w-]+)$/;

/** What of a container's headers goes upstream: nothing that signs in, routes, or belongs to one hop. */
export function upstreamHeaders(headers: IncomingHttpHeaders, apiKey: string): OutgoingHttpHeaders {
  return { ...pick(headers, requestHeaders), 'accept-encoding': 'identity', 'x-api-key': apiKey };
}

/** What of the upstream's headers the container sees. */
export function downstreamHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return pick(headers, responseHeaders);
}

function pick(headers: IncomingHttpHeaders, allowed: RegExp): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && allowed.test(name)) picked[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return picked;
}
