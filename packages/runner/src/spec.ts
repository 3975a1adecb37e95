import { sessionSpecVariable } from '@airlock/protocol/image';
import { type SessionSpec, sessionSpecSchema } from '@airlock/protocol/wire';
import type { Surroundings } from './surroundings.ts';

export interface RunnerConfig extends Surroundings {
  readonly spec: SessionSpec;
}

/** Throws an `Error` naming what is wrong with the spec. */
export function readConfig(surroundings: Surroundings): RunnerConfig {
  return { ...surroundings, spec: parseSpec(surroundings.specText) };
}

function parseSpec(text: string | undefined): SessionSpec {
  if (text === undefined) throw new Error(`${sessionSpecVariable} is not set`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new Error(`${sessionSpecVariable} is not JSON`);
  }
  const parsed = sessionSpecSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${sessionSpecVariable}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not valid'}`);
}
