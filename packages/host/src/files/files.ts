import { join } from 'node:path';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/store.ts';
import { createExecutionFiles, type ExecutionFiles } from './execution-files.ts';
import { createFormFiles, type FormFiles } from './form-files.ts';
import { createUploads, type Uploads } from './uploads.ts';

/** Everything the host keeps outside the store. */
export interface Files {
  readonly uploads: Uploads;
  readonly files: ExecutionFiles;
  readonly formFiles: FormFiles;
}

interface FilesOptions {
  readonly home: string;
  readonly store: Store;
  readonly log: Pick<Log, 'append'>;
  readonly clock: () => Date;
}

export function createFiles({ home, store, log, clock }: FilesOptions): Files {
  const uploads = createUploads({ folder: join(home, 'uploads'), clock });
  const files = createExecutionFiles({ folder: join(home, 'files'), store, log, clock });
  return { uploads, files, formFiles: createFormFiles(uploads, files) };
}
