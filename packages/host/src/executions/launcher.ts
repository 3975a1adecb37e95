import { AirlockError } from '@airlock/protocol/errors';
import { validate } from '@airlock/protocol/forms/validate';
import type { JsonObject } from '@airlock/protocol/json';
import type { ExecutionFiles } from '../files/execution-files.ts';
import type { FormFiles } from '../files/form-files.ts';
import type { Log } from '../log/log.ts';
import type { Ownership } from '../ownership/ownership.ts';
import { newId } from '../store/ids.ts';
import type { Store, Tx } from '../store/store.ts';
import type { Versions } from '../versions/versions.ts';
import { findLaunch, launchExecution } from './launch.ts';
import type { Services } from './services.ts';

interface LauncherOptions {
  readonly store: Store;
  readonly log: Log;
  readonly files: Pick<ExecutionFiles, 'purge'>;
  readonly formFiles: FormFiles;
  readonly services: Pick<Services, 'current'>;
  readonly versions: Versions;
  readonly ownership: Ownership;
  readonly clock: () => Date;
  /** Lets those of a service begin whose turn it is; returns them. */
  readonly begin: (tx: Tx, service: string) => Promise<string[]>;
  readonly wake: (executions: readonly string[]) => void;
}

/** Takes what was sent for the form of a service, and launches it. */
export function createLauncher(options: LauncherOptions) {
  const { store, formFiles, services, ownership } = options;

  return async function launch(service: string, given: JsonObject, user: string, key?: string) {
    // Found before the service is asked: it may have changed, or not load any more.
    const known = key === undefined ? undefined : await findLaunch(store.db, { service, given, user, key });
    if (known !== undefined) return { id: known, isNew: false };
    const current = services.current(service);
    const { elements } = current.manifest;
    const checked = validate(elements, await formFiles.known(elements, given, user));
    if (!checked.ok) throw new AirlockError('invalid_inputs', 'Some fields are not valid', { fields: checked.fields });
    const id = newId();
    const inputs = await formFiles.place(id, elements, checked.values, user);
    const { log, versions, clock } = options;
    const sinks = { log, formFiles, versions, hold: ownership.hold, clock };
    const launching = { id, current, inputs, given, user, key, owner: ownership.launched };
    const { launched, admitted } = await store.write(async (tx) => ({
      launched: await launchExecution(tx, launching, sinks),
      admitted: await options.begin(tx, service),
    }));
    if (launched.id !== id) await options.files.purge(id);
    options.wake(admitted);
    return launched;
  };
}
