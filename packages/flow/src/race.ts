import { AirlockError } from '@airlock/protocol/errors';
import type { ContextPort } from './context-port.ts';
import { makeCall } from './make-call.ts';
import { branchScope, mainScope } from './replay/keys.ts';
import { type Branch, running } from './replay/scope.ts';

/** The ways of a race, in a list or by name. */
export type Branches = Readonly<Record<string, () => unknown>> | readonly (() => unknown)[];

/** What the branch that is first yields. */
export type Winner<B extends Branches> = {
  [K in keyof B]: B[K] extends () => infer Value ? Awaited<Value> : never;
}[B extends readonly unknown[] ? keyof B & number : keyof B];

interface Lane {
  readonly scope: string;
  readonly branch: Branch;
}

type Result = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly thrown: unknown };

/**
 * Runs every branch in a scope of its own. Outcomes come in the order of the log, one at a time, so the same branch is
 * first whenever the function runs again. The calls the others wait for are withdrawn.
 */
export async function race(port: ContextPort, branches: Branches): Promise<unknown> {
  const entries = Object.entries(branches);
  if (entries.length === 0) throw new AirlockError('service_failed', 'A race needs a branch');
  const around = running.getStore();
  const name = port.raceScope(around?.scope ?? mainScope);
  const first = Promise.withResolvers<{ lane: Lane; result: Result }>();
  const lanes: Lane[] = [];
  for (const [label, run] of entries) {
    const lane: Lane = { scope: branchScope(name, label), branch: { outer: around?.branch ?? null, lost: null } };
    lanes.push(lane);
    const inLane = () => runIn(lane, run);
    inLane().then(
      (value) => first.resolve({ lane, result: { ok: true, value } }),
      (thrown: unknown) => first.resolve({ lane, result: { ok: false, thrown } }),
    );
  }
  const { lane, result } = await first.promise;
  await withdraw(
    port,
    lanes.filter((each) => each !== lane),
  );
  if (result.ok) return result.value;
  throw result.thrown;
}

async function runIn({ scope, branch }: Lane, run: () => unknown): Promise<unknown> {
  const around = running.getStore();
  if (around === undefined) throw new AirlockError('service_failed', 'A race can only be held by a service');
  return await running.run({ ...around, scope, branch }, async () => await run());
}

async function withdraw(port: ContextPort, losers: readonly Lane[]): Promise<void> {
  const open = port.openIn(losers.map(({ scope }) => scope));
  for (const { branch } of losers) branch.lost = new AirlockError('withdrawn', 'Another branch of the race was first');
  await makeCall(port, { kind: 'race', losers: open }).outcome;
}
