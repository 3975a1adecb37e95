import type { Usage } from '@airlock/protocol/usage';

/** `42 s`, `3:07`, `2:05:09`, `3 d 4 h`. Negative spans (clocks apart) count as nothing. */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  if (total < 60) return `${total} s`;
  const days = Math.floor(total / 86_400);
  const hours = Math.floor((total % 86_400) / 3600);
  if (days > 0) return `${days} d ${hours} h`;
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** Dollars with as many digits as the sum deserves; `–` when the price is not known. */
export function formatCost(microUsd: number | null): string {
  if (microUsd === null) return '–';
  const usd = microUsd / 1_000_000;
  if (usd === 0) return '$0.00';
  return `$${usd.toFixed(usd < 0.1 ? 4 : 2)}`;
}

/** `950`, `12.3 k`, `1.25 M`. */
export function formatCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 999_950) return `${trimZeros((count / 1000).toFixed(1))} k`;
  return `${trimZeros((count / 1_000_000).toFixed(2))} M`;
}

function trimZeros(digits: string): string {
  return digits.replace(/\.?0+$/, '');
}

/** Everything that went in and came out, cached tokens included. */
export function totalTokens(usage: Usage): number {
  return usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens;
}

/** `just now`, `5 min ago`, `3 h ago`, then the date. */
export function formatAgo(iso: string, now: number): string {
  const at = Date.parse(iso);
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return formatDay(at, now);
}

function formatDay(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Date(at).toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  });
}

export function formatTime(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}

export function formatMoment(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
