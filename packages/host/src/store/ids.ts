import { type Id, idSchema } from '@airlock/protocol/ids';
import { v7 } from 'uuid';

/** A new time-sortable id. */
export function newId(): Id {
  return idSchema.parse(v7());
}
