import { describe, expect, it } from 'vitest';
import { type Assign, mayAnswer, whoMayAnswer } from './assign.ts';

const people = ['ada', 'bob', 'owner'].map((name) => ({ name, role: 'member' as const }));
const may = (assign: Assign | undefined) =>
  people.filter((user) => mayAnswer(assign, user, 'owner')).map(({ name }) => name);

describe('who may answer', () => {
  it.each<[Assign | undefined, string[], string]>([
    [undefined, ['owner'], 'owner or an administrator'],
    [{}, [], 'an administrator'],
    [{ users: ['ada'] }, ['ada'], 'ada or an administrator'],
    [{ users: ['ada', 'bob'], owner: true }, ['ada', 'bob', 'owner'], 'owner, ada, bob or an administrator'],
    [{ users: ['owner'], owner: true }, ['owner'], 'owner or an administrator'],
    [{ roles: ['member'] }, ['ada', 'bob', 'owner'], 'any member or an administrator'],
    [{ roles: ['admin'], owner: false }, [], 'an administrator'],
  ])('%j', (assign, names, text) => {
    expect(may(assign)).toEqual(names);
    expect(whoMayAnswer(assign, 'owner')).toBe(text);
  });

  it('always is an administrator', () => {
    expect(mayAnswer({ users: ['ada'] }, { name: 'root', role: 'admin' }, 'owner')).toBe(true);
  });
});
