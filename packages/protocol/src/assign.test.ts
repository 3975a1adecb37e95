import { describe, expect, it } from 'vitest';
import { type Assign, mayAnswer, whoMayAnswer } from './assign.ts';

const ada = { name: 'ada', role: 'member' } as const;
const root = { name: 'root', role: 'admin' } as const;

describe('mayAnswer()', () => {
  it.each<[string, Assign | undefined, string, boolean]>([
    ['the owner, when nobody is named', undefined, 'ada', true],
    ['nobody else, when nobody is named', undefined, 'bob', false],
    ['a user who is named', { users: ['ada'] }, 'bob', true],
    ['not the owner, when others are named', { users: ['bob'] }, 'ada', false],
    ['the owner, when named so', { users: ['bob'], owner: true }, 'ada', true],
    ['users of a role', { roles: ['member'] }, 'bob', true],
    ['not users of another role', { roles: ['admin'] }, 'ada', false],
    ['no one but administrators, when the list is empty', {}, 'ada', false],
  ])('lets answer: %s', (_, assign, owner, may) => {
    expect(mayAnswer(assign, ada, owner)).toBe(may);
    expect(mayAnswer(assign, root, owner)).toBe(true);
  });
});

describe('whoMayAnswer()', () => {
  it('names them', () => {
    expect(whoMayAnswer(undefined, 'ada')).toBe('ada, administrators');
    expect(whoMayAnswer({ users: ['bob'], roles: ['member'], owner: true }, 'ada')).toBe(
      'bob, ada, every member, administrators',
    );
    expect(whoMayAnswer({ roles: ['admin'] }, 'ada')).toBe('administrators');
  });
});
