import { AirlockError } from '@airlock/protocol/errors';

/** Longest header, in characters. */
const most = 4_096;

/**
 * The tus header Upload-Metadata: `name base64, name base64`. Names that are not asked for are read and left alone. Throws
 * `bad_request` when it is something else.
 */
export function readUploadMetadata(header: string): Readonly<Record<string, string>> {
  const refused = new AirlockError('bad_request', 'The header Upload-Metadata must be pairs of a name and Base64');
  if (header.length > most) throw refused;
  const pairs = header.split(',').flatMap((pair) => (pair.trim() === '' ? [] : [pair.trim().split(' ')]));
  return Object.fromEntries(
    pairs.map(([name = '', encoded = '', ...rest]) => {
      if (!/^[\w-]{1,64}$/.test(name) || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || rest.length > 0) throw refused;
      return [name, Buffer.from(encoded, 'base64').toString('utf8')];
    }),
  );
}
