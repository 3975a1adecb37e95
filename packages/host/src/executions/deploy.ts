import type { Deployed } from '@airlock/protocol/api';
import { idSchema } from '@airlock/protocol/ids';
import { jsonObjectSchema } from '@airlock/protocol/json';
import type { ToService } from '@airlock/protocol/service-channel';
import type { Inbox } from '../inbox/inbox.ts';
import type { Log } from '../log/log.ts';
import { isHeld, type Ownership } from '../ownership/ownership.ts';
import { fromJson } from '../store/json.ts';
import type { Store } from '../store/store.ts';
import { shortHash, type Versions } from '../versions/versions.ts';
import { readCalls } from './calls.ts';
import type { Parkings } from './parkings.ts';
import type { Rehearsal } from './pool/rehearsal.ts';
import type { Runs } from './runs.ts';
import type { Current } from './served.ts';
import type { Deployment, Services } from './services.ts';

/*
 * Deployments, and executions that are moved to a newer version.
 *
 * V8. An execution is moved only with the very log the new version was seen to go on with, and only while it waits. When
 *     one could not go on, the version is refused, and none is moved.
 */

export interface DeployRequest {
  /** Only this one; undefined: all. */
  readonly service: string | undefined;
  /** Whether executions that wait are moved to what is deployed. */
  readonly move: boolean;
}

interface DeployOptions {
  readonly store: Store;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly versions: Versions;
  readonly services: Services;
  readonly ownership: Ownership;
  readonly parkings: Parkings;
  readonly runs: Pick<Runs, 'drop'>;
  /** Folder of an execution's files. */
  readonly filesOf: (execution: string) => string;
}

/** An execution seen with the new version. */
interface Seen {
  readonly execution: string;
  /** Calls in its log, and how many of them are settled. */
  readonly calls: number;
  readonly outcomes: number;
  /** Why the version cannot go on with it. */
  readonly problem: string | undefined;
}

const atOnce = 16;
const mostListed = 100;

export function createDeploy(options: DeployOptions) {
  const { store, log, inbox, versions, services, ownership, parkings, runs } = options;

  /** Those of other versions that wait, and are this host's. */
  async function waiting({ version }: Current): Promise<string[]> {
    await parkings.flush();
    const rows = await store.db
      .selectFrom('executions')
      .select('id')
      .where('service', '=', version.service)
      .where('version', '!=', version.hash)
      .where('owner', '=', ownership.host)
      .where('ended_at', 'is', null)
      .where('stop', 'is', null)
      .where((eb) => eb.or([eb('status', '=', 'starting'), eb('parked', '=', eb.ref('next_outcome'))]))
      .orderBy('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  async function see(id: string, rehearsal: Rehearsal): Promise<Seen> {
    const { inputs } = await store.db
      .selectFrom('executions')
      .select('inputs')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const { calls, outcomes } = await readCalls(store, id);
    const run: Extract<ToService, { type: 'run' }> = {
      type: 'run',
      execution: idSchema.parse(id),
      inputs: fromJson(jsonObjectSchema, inputs, `Inputs of execution ${id}`),
      files: options.filesOf(id),
      calls,
      outcomes,
    };
    const problem = await rehearsal.play(run);
    return { execution: id, calls: calls.length, outcomes: outcomes.length, problem };
  }

  /** Plays every execution that waits with the new version. */
  async function rehearse(current: Current): Promise<Seen[]> {
    const left = await waiting(current);
    if (left.length === 0) return [];
    const rehearsal = await services.rehearse(current.version);
    const seen: Seen[] = [];
    const worker = async (): Promise<void> => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) seen.push(await see(id, rehearsal));
    };
    try {
      await Promise.all(Array.from({ length: Math.min(atOnce, left.length) }, worker));
    } finally {
      await rehearsal.stop();
    }
    return seen;
  }

  /** V8: resolves with false when it has gone on meanwhile. */
  async function move({ execution: id, calls, outcomes }: Seen, { version, manifest }: Current, by: string) {
    return await store.write(async (tx) => {
      const now = await tx.db
        .selectFrom('calls')
        .select((eb) => [eb.fn.countAll().as('calls'), eb.fn.count('outcome').as('outcomes')])
        .where('execution', '=', id)
        .executeTakeFirstOrThrow();
      if (Number(now.calls) !== calls || Number(now.outcomes) !== outcomes) return false;
      const { numUpdatedRows } = await tx.db
        .updateTable('executions')
        .set({ version: version.hash })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .where('stop', 'is', null)
        .where(isHeld(ownership, id))
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      const text = `Goes on with version ${manifest.version} (${shortHash(version.hash)}), deployed by ${by}`;
      await log.append(tx, id, [{ kind: 'debug', payload: { text } }]);
      tx.afterCommit(() => runs.drop(id));
      return true;
    });
  }

  async function moveAll(seen: readonly Seen[], current: Current, by: string): Promise<number> {
    let moved = 0;
    for (const each of seen) if (await move(each, current, by)) moved += 1;
    return moved;
  }

  async function describe(deployment: Deployment, seen: readonly Seen[], moved: number): Promise<Deployed> {
    const { service, outcome, problem, current } = deployment;
    const broken = seen.filter((each) => each.problem !== undefined);
    const staying = (await versions.open()).filter(
      (each) => each.service === service && each.hash !== current?.version.hash,
    );
    return {
      service,
      outcome,
      version: current?.manifest.version ?? '',
      hash: shortHash(current?.version.hash ?? ''),
      ...(problem === undefined ? {} : { problem }),
      breaking: await Promise.all(
        broken.slice(0, mostListed).map(async ({ execution, problem: why = '' }) => {
          const [request] = await inbox.listOpen({ execution, limit: 1 });
          return { execution: idSchema.parse(execution), request: request?.id ?? null, problem: why };
        }),
      ),
      moved,
      staying: staying.reduce((sum, { open }) => sum + open, 0),
    };
  }

  /** Serves what is in the services folder now to new executions, and moves waiting ones when asked to. */
  return async function deploy({ service, move: isMoving }: DeployRequest, by: string): Promise<Deployed[]> {
    const seenOf = new Map<string, Seen[]>();
    const accept = async (current: Current): Promise<string | undefined> => {
      const seen = await rehearse(current);
      seenOf.set(current.version.service, seen);
      return refusal(seen);
    };
    const done: Deployed[] = [];
    for (const deployment of await services.deploy({ only: service, accept: isMoving ? accept : undefined })) {
      const { outcome, current } = deployment;
      const refused = isMoving && outcome === 'unchanged' && current ? await accept(current) : undefined;
      const said =
        refused === undefined ? deployment : { ...deployment, outcome: 'refused' as const, problem: refused };
      const seen = seenOf.get(deployment.service) ?? [];
      const moves = isMoving && current && said.outcome !== 'refused';
      done.push(await describe(said, seen, moves ? await moveAll(seen, current, by) : 0));
    }
    return done;
  };
}

function refusal(seen: readonly Seen[]): string | undefined {
  const { length } = seen.filter(({ problem }) => problem !== undefined);
  if (length === 0) return undefined;
  const which = length === 1 ? 'An open execution' : `${length} open executions`;
  return `${which} could not go on with it. Deploy it without moving them: they keep the version they began with`;
}
