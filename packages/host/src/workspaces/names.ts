import { AirlockError } from '@airlock/protocol/errors';

/*
 * Paths of workspaces are bytes, kept as text of one character a byte. Nothing joins them to a path of the host.
 */

const sequences =
  /[\x20-\x7e]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\0-\xff]/g;

/** A path as people read it: UTF-8, and every byte that is none, or a control character, as `\xff`. */
export function shownPath(path: string): string {
  return path.replace(sequences, (bytes) => {
    const text = Buffer.from(bytes, 'latin1').toString('utf8');
    const isShown = Buffer.from(text, 'utf8').toString('latin1') === bytes && !/\p{Cc}/u.test(text);
    return isShown ? text : [...bytes].map((byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  });
}

/**
 * A path as an address names it: itself, or `~` and its bytes in base64url where an address cannot hold it (bytes that are
 * no UTF-8, control characters, a `~` in front). Percent-encoded.
 */
export function addressOf(path: string): string {
  const bytes = Buffer.from(path, 'latin1');
  const text = bytes.toString('utf8');
  const isPlain = Buffer.from(text, 'utf8').equals(bytes) && !/^~|\p{Cc}|\\/u.test(text);
  return isPlain ? text.split('/').map(encodeURIComponent).join('/') : `~${bytes.toString('base64url')}`;
}

/** The path an address names, once its percent-encoding is undone. */
export function pathOf(address: string): string {
  const bytes = address.startsWith('~') ? Buffer.from(address.slice(1), 'base64url') : Buffer.from(address, 'utf8');
  if (bytes.length > 8 * 1024) throw new AirlockError('bad_request', 'No path of a workspace is so long');
  return bytes.toString('latin1');
}
