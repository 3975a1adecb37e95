import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { withoutHandle } from './handle-free.ts';

it('passes on at once, as one piece, what was written together', () => {
  const pieces: string[] = [];
  const inner = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      pieces.push(String(chunk));
      done();
    },
  });
  const outer = withoutHandle(inner);
  outer.write('alone');
  outer.cork();
  outer.write('head, ');
  outer.write('body');
  outer.uncork();
  expect(pieces).toEqual(['alone', 'head, body']);
});
