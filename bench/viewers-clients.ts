import { Agent, get, type IncomingMessage } from 'node:http';

/*
 * The viewers of `bench/viewers.ts`, in a process of their own, each with a connection of its own. They check that each
 * token came once and in order, and measure how old it was.
 */

export interface Order {
  readonly url: string;
  readonly token: string;
  readonly viewers: number;
  readonly tokens: number;
}

export interface Seen {
  /** Age of every token at every viewer, in milliseconds, sorted. */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** Tokens that came out of order, twice or not at all. */
  readonly wrong: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

function open({ url, token }: Order): Promise<IncomingMessage> {
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, resolve).once('error', reject);
  });
}

/** Reads the tokens of one viewer; `onAge` hears how old each was. Resolves with how many were wrong. */
function watch(response: IncomingMessage, tokens: number, onAge: (ms: number) => void): Promise<number> {
  let rest = '';
  let next = 0;
  let wrong = 0;
  return new Promise((resolve) => {
    response.setEncoding('latin1').on('data', (chunk: string) => {
      const now = Date.now();
      rest += chunk;
      let end = 0;
      for (const match of rest.matchAll(/#(\d+)@(\d+);/g)) {
        if (Number(match[1]) !== next) wrong += 1;
        next = Number(match[1]) + 1;
        onAge(now - Number(match[2]));
        end = match.index + match[0].length;
      }
      rest = rest.slice(Math.max(end, rest.length - 40));
      if (next === tokens) resolve(wrong);
    });
    response.once('close', () => resolve(wrong + tokens - next));
  });
}

async function main(): Promise<void> {
  process.on('message', async (order: Order) => {
    const responses: IncomingMessage[] = [];
    while (responses.length < order.viewers) {
      responses.push(...(await Promise.all(Array.from({ length: 50 }, () => open(order)))));
    }
    const ages: number[] = [];
    const watched = responses.map((response) => watch(response, order.tokens, (age) => ages.push(age)));
    process.send?.('watching');
    const wrong = (await Promise.all(watched)).reduce((sum, each) => sum + each, 0);
    for (const response of responses) response.destroy();
    const sorted = Float64Array.from(ages).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
    process.send?.({ p50: at(0.5), p95: at(0.95), max: at(1), wrong } satisfies Seen);
    process.disconnect();
  });
}

if (process.argv[1] === import.meta.filename) await main();
