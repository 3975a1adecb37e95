/** Prices in millionths of a US dollar for a million tokens. */
interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  /** Entries that live for five minutes; those of an hour cost `cacheWriteHour`. */
  readonly cacheWrite: number;
  readonly cacheWriteHour: number;
  /** Replaces the price of a request whose whole prompt has more tokens than `above`. */
  readonly long?: { readonly above: number; readonly price: Price };
}

/** From dollars for a million tokens: cache writes cost 1.25 and 2 times the input at every tier. */
function tier(input: number, output: number, cacheRead: number): Price {
  const micro = (dollars: number) => Math.round(dollars * 1_000_000);
  return {
    input: micro(input),
    output: micro(output),
    cacheRead: micro(cacheRead),
    cacheWrite: micro(input * 1.25),
    cacheWriteHour: micro(input * 2),
  };
}

const opus = tier(5, 25, 0.5);
const fable = tier(10, 50, 1);
const fableSecond = tier(8, 40, 0.2);

const prices: Readonly<Record<string, Price>> = {
  'claude-opus-4-0': tier(15, 75, 1.5),
  'claude-opus-4-1': tier(15, 75, 1.5),
  'claude-opus-4-5': opus,
  'claude-opus-4-6': opus,
  'claude-opus-4-7': opus,
  'claude-opus-4-8': opus,
  'claude-opus-5': opus,
  'claude-opus-5-5': tier(4, 20, 0.2),
  'claude-sonnet-4-0': tier(3, 15, 0.3),
  'claude-sonnet-4-5': tier(3, 15, 0.3),
  'claude-sonnet-4-6': tier(3, 15, 0.3),
  'claude-sonnet-5': tier(2, 10, 0.2),
  'claude-sonnet-5-5': tier(2, 10, 0.1),
  'claude-haiku-4-5': tier(1, 5, 0.1),
  'claude-haiku-5-5': { ...tier(0.1, 0.5, 0.01), long: { above: 100_000, price: tier(0.5, 2.5, 0.05) } },
  'claude-fable-5': fable,
  'claude-fable-5-1': tier(10, 50, 0.25),
  'claude-fable-5-2': fableSecond,
  'claude-mythos-5': fable,
  'claude-mythos-5-1': tier(10, 50, 0.25),
  'claude-mythos-5-2': fableSecond,
};

export interface PricedTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  /** Those of `cacheWriteTokens` whose entries live for an hour. */
  readonly hourTokens: number;
}

/** What a request cost, in millionths of a US dollar, rounded up; null when the model's price is not known. */
export function costMicroUsd(model: string, tokens: PricedTokens): number | null {
  const listed = prices[canonical(model)];
  if (listed === undefined) return null;
  const prompt = tokens.inputTokens + tokens.cacheReadTokens + tokens.cacheWriteTokens;
  const price = listed.long && prompt > listed.long.above ? listed.long.price : listed;
  const total =
    tokens.inputTokens * price.input +
    tokens.outputTokens * price.output +
    tokens.cacheReadTokens * price.cacheRead +
    (tokens.cacheWriteTokens - tokens.hourTokens) * price.cacheWrite +
    tokens.hourTokens * price.cacheWriteHour;
  return Math.ceil(total / 1_000_000);
}

/** `claude-opus-4-20250514` and `claude-opus-4` are `claude-opus-4-0`; a date or a context suffix changes no price. */
function canonical(model: string): string {
  const name = model
    .replace(/\[[^\]]*\]$/, '')
    .replace(/-20\d{6}$/, '')
    .replace(/-latest$/, '');
  return /^claude-(?:opus|sonnet)-4$/.test(name) ? `${name}-0` : name;
}
