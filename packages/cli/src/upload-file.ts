import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { AirlockError, errorBodySchema } from '@airlock/protocol/errors';
import { type DetailedError, Upload } from 'tus-js-client';
import * as z from 'zod';
import { Failure, UsageFailure } from './failure.ts';

const chunkBytes = 8 * 1024 ** 2;

function sizeOf(path: string): number {
  const about = statSync(path, { throwIfNoEntry: false });
  if (about?.isFile()) return about.size;
  throw new UsageFailure('A file cannot be sent', path, about ? 'Name a file, not a folder' : 'Check its path');
}

function failureOf(error: Error | DetailedError): Error {
  const body = 'originalResponse' in error ? error.originalResponse?.getBody() : undefined;
  try {
    return AirlockError.fromBody(z.object({ error: errorBodySchema }).parse(JSON.parse(body ?? '')).error);
  } catch {
    return new Failure('The file was not taken', error.message, 'Check `airlock status`, then run it again', {
      cause: error,
    });
  }
}

/** Sends a file in pieces, and goes on after a broken connection. Resolves with the id of its upload. */
export async function uploadFile(path: string, endpoint: string, authorization: string): Promise<string> {
  const uploadSize = sizeOf(path);
  return await new Promise((resolve, reject) => {
    const upload = new Upload(createReadStream(path), {
      endpoint,
      uploadSize,
      chunkSize: chunkBytes,
      retryDelays: [0, 500, 1_000, 2_000, 5_000],
      headers: { authorization },
      metadata: { filename: basename(path), filetype: '' },
      onSuccess: () => resolve(upload.url?.split('/').at(-1) ?? ''),
      onError: (error) => reject(failureOf(error)),
    });
    upload.start();
  });
}
