import { requestSchema } from '@airlock/protocol/requests';
import { type Context, connect } from '../context.ts';
import { UsageFailure } from '../failure.ts';
import { printJson } from '../terminal.ts';

export interface AssignOptions {
  readonly user?: string;
  readonly role?: string;
  readonly note?: string;
  readonly json?: boolean;
}

/** Hands a request on, as the local administrator. */
export async function assign(context: Context, id: string, options: AssignOptions): Promise<number> {
  const { user, role, note } = options;
  if ((user === undefined) === (role === undefined)) {
    throw new UsageFailure(
      'A request is handed on to a user or to a role',
      'it needs one of them',
      'Add --user or --role',
    );
  }
  const api = await connect(context);
  const body = { to: user === undefined ? { role } : { user }, ...(note === undefined ? {} : { note }) };
  const request = await api.post(`/requests/${encodeURIComponent(id)}/assign`, body, requestSchema);
  if (options.json === true) printJson(context.terminal, request);
  else context.terminal.out(`✓ Handed on to ${user ?? `everyone who is ${role}`}\n`);
  return 0;
}
