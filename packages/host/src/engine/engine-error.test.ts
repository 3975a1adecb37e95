import { describe, expect, it } from 'vitest';
import { toEngineError } from './engine-error.ts';

const refused = (statusCode: number, message: string): Error =>
  Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode });

describe('toEngineError', () => {
  it.each([
    ['a missing socket', Object.assign(new Error('x'), { code: 'ENOENT' }), 'engine_unreachable'],
    ['nobody listening', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'engine_unreachable'],
    ['a connection cut', new Error('socket hang up'), 'engine_unreachable'],
    ['no right', Object.assign(new Error('x'), { code: 'EACCES' }), 'engine_forbidden'],
    ['no image', refused(404, 'No such image: a:b'), 'image_missing'],
    ['a full disk', refused(500, 'write /x: no space left on device'), 'disk_full'],
    ['any other refusal', refused(500, 'boom'), 'container_failed'],
  ])('names %s', (_name, thrown, code) => {
    expect(toEngineError(thrown, 'Doing', 'container_failed').code).toBe(code);
  });

  it('says what was being done, without the decoration of the client', () => {
    expect(toEngineError(refused(500, 'boom'), 'Starting', 'container_failed').detail).toBe('Starting: boom');
  });
});
