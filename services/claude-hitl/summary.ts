import type { Session } from '@airlock/flow/context';

/** Why a conversation ended. */
export type Ending = 'person' | 'complete' | 'turn_limit' | 'no_answer';

export interface Ended {
  readonly ending: Ending;
  readonly turns: number;
  readonly elapsedMs: number;
  readonly usage: Session['usage'];
  readonly maxTurns: number;
  readonly answerMs: number;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** A time in its two largest units: `1 h 5 min`. */
export function formatTime(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000) * 1000);
  const first = units.findIndex(([, size]) => whole >= size);
  if (first === -1) return '0 s';
  let rest = whole;
  const parts = units.slice(first, first + 2).map(([name, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? '' : `${count} ${name}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}

/** Millionths of a dollar as dollars; small sums keep four digits. */
export function formatCost(microUsd: number | null): string {
  if (microUsd === null) return 'unknown';
  return `$${(microUsd / 1_000_000).toFixed(microUsd > 0 && microUsd < 1_000_000 ? 4 : 2)}`;
}

function reason({ ending, maxTurns, answerMs }: Ended): string {
  switch (ending) {
    case 'person':
      return 'You ended the conversation.';
    case 'complete':
      return 'Claude says the task is complete.';
    case 'turn_limit':
      return `The limit of ${maxTurns} turns was reached.`;
    case 'no_answer':
      return `Nobody answered within ${formatTime(answerMs)}.`;
  }
}

/** What people read at the end, as Markdown. */
export function summary(ended: Ended): string {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costMicroUsd } = ended.usage;
  const count = (tokens: number) => tokens.toLocaleString('en-US');
  return [
    '## Conversation ended',
    '',
    reason(ended),
    '',
    '| | |',
    '|---|---|',
    `| Turns | ${ended.turns} |`,
    `| Time | ${formatTime(ended.elapsedMs)} |`,
    `| Cost | ${formatCost(costMicroUsd)} |`,
    `| Tokens in | ${count(inputTokens)} (from cache ${count(cacheReadTokens)}, to cache ${count(cacheWriteTokens)}) |`,
    `| Tokens out | ${count(outputTokens)} |`,
  ].join('\n');
}
