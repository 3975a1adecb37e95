import { AirlockError } from '@airlock/protocol/errors';
import { expect, it, onTestFinished } from 'vitest';
import { addExecution } from '../log/fixtures.ts';
import { newId } from '../store/ids.ts';
import { temporaryStore } from '../store/temporary.ts';
import { canWaitFor, takeNewImage } from './container.ts';
import { newSessionRow } from './session-row.ts';

const rowOf = (execution: string) =>
  newSessionRow({ id: newId(), execution, name: 'main', image: 'old', digest: 'sha256:old', token: 'token' }, {});

it('gives a session whose image is gone the one in use, when that is another', async () => {
  const { store, remove } = await temporaryStore();
  onTestFinished(remove);
  const [mine, others] = [rowOf(await addExecution(store)), rowOf(await addExecution(store))];
  await store.write((tx) => tx.db.insertInto('sessions').values([mine, others]).execute());
  const imageOf = async ({ id }: typeof mine) =>
    await store.db.selectFrom('sessions').select(['image', 'digest']).where('id', '=', id).executeTakeFirst();
  expect(await takeNewImage(store, mine, { reference: 'old', digest: 'sha256:new' })).toBe(false);
  expect(await imageOf(mine)).toEqual({ image: 'old', digest: 'sha256:old' });
  expect(await takeNewImage(store, mine, { reference: 'new', digest: 'sha256:new' })).toBe(true);
  expect(await imageOf(mine)).toEqual({ image: 'new', digest: 'sha256:new' });
  expect(await imageOf(others)).toEqual({ image: 'old', digest: 'sha256:old' });
});

it.each<
  [string, { replaces?: string; epoch?: number }, 'engine_unreachable' | 'image_missing' | 'container_failed', boolean]
>([
  ['a first container', {}, 'engine_unreachable', false],
  ['a first container without image', {}, 'image_missing', false],
  ['one that wakes', { epoch: 3 }, 'engine_unreachable', true],
  ['one that wakes without image', { epoch: 3 }, 'image_missing', true],
  ['one that follows another', { replaces: 'c1' }, 'image_missing', true],
  ['one that is refused', { epoch: 3 }, 'container_failed', false],
])('%s waits, or does not', (_, changed, code, waits) => {
  expect(canWaitFor({ ...rowOf('e'), ...changed }, new AirlockError(code, ''))).toBe(waits);
});
