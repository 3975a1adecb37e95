import type { Element } from '@airlock/protocol/elements';
import { AirlockError, type FieldErrors } from '@airlock/protocol/errors';
import { type FileValue, fileValueSchema } from '@airlock/protocol/files/file';
import { fieldsOf } from '@airlock/protocol/forms/fields';
import { sentFiles } from '@airlock/protocol/forms/files';
import { type JsonObject, jsonSchema } from '@airlock/protocol/json';
import * as z from 'zod';
import type { Tx } from '../store/store.ts';
import type { ExecutionFiles } from './execution-files.ts';
import type { Uploads } from './uploads.ts';

/** Files in what people send for a form. */
export interface FormFiles {
  /** Puts what the host knows of uploads in the place of what was sent. Throws `invalid_inputs` naming the fields. */
  known(elements: readonly Element[], given: JsonObject, by: string | null): Promise<JsonObject>;
  /** Gives the files in checked values a place in an execution, and says where in the values. */
  place(execution: string, elements: readonly Element[], values: JsonObject, by: string | null): Promise<JsonObject>;
  /** Names placed files in the store, in the write that stores the values. */
  record(tx: Tx, execution: string, elements: readonly Element[], values: JsonObject, by: string | null): Promise<void>;
}

const filesSchema = z.array(fileValueSchema);
const inFolder = 'in/';

function fileFields(elements: readonly Element[]): string[] {
  return fieldsOf(elements).flatMap(({ type, name }) => (type === 'file' ? [name] : []));
}

export function createFormFiles(uploads: Uploads, files: ExecutionFiles): FormFiles {
  /** A file as it arrived; without `upload` when it did not, which validation then says. */
  async function lookUp(id: string, by: string | null, problems: string[]) {
    const found = by === null ? undefined : await uploads.arrived(id, by);
    if (!found) problems.push(`Upload ${id} is not there, or not all of it: choose the file again`);
    return found?.value ?? id;
  }

  function placedIn(elements: readonly Element[], values: JsonObject): [name: string, FileValue[]][] {
    return fileFields(elements).flatMap((name): [string, FileValue[]][] =>
      Object.hasOwn(values, name) ? [[name, filesSchema.parse(values[name])]] : [],
    );
  }

  return {
    async known(elements, given, by) {
      const fields: FieldErrors = {};
      const values = new Map(Object.entries(given));
      for (const name of fileFields(elements)) {
        const problems: string[] = [];
        const sent = sentFiles(values.get(name));
        if (sent === undefined || sent.length === 0) continue;
        const found = sent.map((file) => {
          const id = typeof file === 'string' ? file : file.upload;
          return id === undefined ? file : lookUp(id, by, problems);
        });
        values.set(name, jsonSchema.parse(await Promise.all(found)));
        if (problems.length > 0) fields[name] = problems.slice(0, 3);
      }
      if (Object.keys(fields).length === 0) return Object.fromEntries(values);
      throw new AirlockError('invalid_inputs', 'Some files are not there', { fields });
    },

    async place(execution, elements, values, by) {
      const placed: JsonObject = { ...values };
      for (const [name, list] of placedIn(elements, values)) {
        const paths: FileValue[] = [];
        for (const value of list) {
          const bytes = by === null ? undefined : await uploads.arrived(value.upload, by);
          if (!bytes) throw new AirlockError('invalid_inputs', `${value.name} is not there any more`);
          paths.push({ ...value, path: inFolder + (await files.takeUpload(execution, value, bytes.path)) });
        }
        placed[name] = jsonSchema.parse(paths);
      }
      return placed;
    },

    async record(tx, execution, elements, values, by) {
      const all = placedIn(elements, values).flatMap(([, list]) => list);
      const named = all.flatMap(({ path, size, sha256 }) =>
        path === undefined ? [] : [{ path: path.slice(inFolder.length), size, sha256 }],
      );
      await files.record(tx, execution, 'in', named, by);
    },
  };
}
