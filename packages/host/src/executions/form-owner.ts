import { randomUUID } from 'node:crypto';
import { AirlockError } from '@airlock/protocol/errors';
import { validate } from '@airlock/protocol/forms/validate';
import { idSchema } from '@airlock/protocol/ids';
import type { Json, JsonObject } from '@airlock/protocol/json';
import { callSchema, type Outcome, type ToService } from '@airlock/protocol/service-channel';
import type { FormFiles } from '../files/form-files.ts';
import type { RequestOwner } from '../inbox/inbox.ts';
import { formAskOf, type RequestRow } from '../inbox/request-row.ts';
import type { Settle } from '../sessions/settle.ts';
import { fromJson } from '../store/json.ts';
import { statement } from '../store/statement.ts';
import type { Store } from '../store/store.ts';

interface FormOwnerOptions {
  readonly store: Store;
  readonly formFiles: FormFiles;
  readonly settle: Settle;
  /** Wakes an execution and sends to its process; resolves with false when there is none now. */
  readonly send: (execution: string, message: ToService) => Promise<boolean>;
}

/** Longest a service may take to turn an answer into a value. */
const leaseTimeoutMs = 10_000;

/** Form requests: answers are checked against the form, then turned into a value by the service's lease. */
export function createFormOwner({ store, formFiles, settle, send }: FormOwnerOptions) {
  const waiting = new Map<string, (outcome: Outcome) => void>();

  async function lease(row: RequestRow, inputs: JsonObject): Promise<Json> {
    const id = randomUUID();
    const answer = Promise.withResolvers<Outcome>();
    waiting.set(id, answer.resolve);
    const late = { ok: false, error: notNow('It took longer than 10 s').toBody() } as const;
    const timer = setTimeout(() => answer.resolve(late), leaseTimeoutMs);
    try {
      const execution = idSchema.parse(row.execution);
      void send(execution, { type: 'lease', id, execution, key: row.ref, inputs }).then(
        (isSent) => {
          if (!isSent) answer.resolve({ ok: false, error: notNow('Its process is starting').toBody() });
        },
        (error: unknown) => {
          answer.resolve({ ok: false, error: AirlockError.from(error, 'service_unavailable').toBody() });
        },
      );
      const outcome = await answer.promise;
      if (!outcome.ok) throw AirlockError.fromBody(outcome.error);
      return outcome.value;
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  }

  const owner: RequestOwner = {
    async check(row, inputs, by) {
      const { elements } = formAskOf(row);
      const checked = validate(elements, await formFiles.known(elements, inputs, by));
      if (!checked.ok) {
        throw new AirlockError('invalid_inputs', 'Some fields are not valid', { fields: checked.fields });
      }
      const values = await formFiles.place(row.execution, elements, checked.values, by);
      return { inputs: values, value: (await hasLease(store, row)) ? await lease(row, values) : values };
    },
    async answered(tx, row, settlement, by) {
      await formFiles.record(tx, row.execution, formAskOf(row).elements, settlement.inputs, by);
      await settle(tx, row.execution, row.ref, { ok: true, value: settlement.value ?? settlement.inputs });
    },
    async expired(tx, row, why) {
      const words = why === undefined ? '' : `, and the default was not taken: ${why}`;
      const error = new AirlockError('request_expired', `Nobody answered before ${row.expires_at}${words}`);
      await settle(tx, row.execution, row.ref, { ok: false, error: error.toBody() });
    },
  };

  return {
    owner,
    /** The process's answer to a lease. */
    leased: (id: string, outcome: Outcome) => waiting.get(id)?.(outcome),
  };
}

const findCall = statement<{ execution: string; key: string }, { call: string }>((db, param) =>
  db.selectFrom('calls').select('call').where('execution', '=', param('execution')).where('key', '=', param('key')),
);

async function hasLease(store: Store, row: RequestRow): Promise<boolean> {
  const [call] = await store.run(findCall, { execution: row.execution, key: row.ref });
  if (!call) return false;
  const parsed = fromJson(callSchema, call.call, `Call ${row.ref}`);
  return parsed.kind === 'lock' && parsed.lease;
}

function notNow(detail: string): AirlockError {
  return new AirlockError('service_unavailable', detail);
}
