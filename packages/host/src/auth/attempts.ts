import { AirlockError } from '@airlock/protocol/errors';

const limit = 10;
const windowMs = 60_000;
const maxNames = 10_000;

/** Counts failed sign-ins by name; memory is bounded. */
export function createAttempts(now: () => number) {
  const failures = new Map<string, number[]>();
  const recent = (name: string) => (failures.get(name) ?? []).filter((at) => now() - at < windowMs);
  return {
    refuseIfTooMany(name: string): void {
      if (recent(name).length < limit) return;
      throw new AirlockError('too_many_attempts', `${limit} sign-ins failed within a minute`);
    },
    failed(name: string): void {
      if (failures.size >= maxNames) failures.clear();
      failures.set(name, [...recent(name), now()]);
    },
    succeeded(name: string): void {
      failures.delete(name);
    },
  };
}
