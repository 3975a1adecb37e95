import { describe, expect, it } from 'vitest';
import { type Assign, mayAnswer, whoMayAnswer, whyAsked } from './assign.ts';

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

describe('whyAsked()', () => {
  const toAda = { by: 'bob', to: { user: 'ada' } };
  const toMembers = { by: 'bob', to: { role: 'member' } } as const;
  it.each<[string, Parameters<typeof whyAsked>[0]]>([
    ['You started the execution', { owner: 'ada' }],
    [
      'You started the execution',
      { owner: 'ada', assign: { users: ['bob'], owner: true }, handed: { by: 'ada', to: { user: 'bob' } } },
    ],
    ['It is for you', { owner: 'bob', assign: { users: ['ada'] } }],
    ['It is for every member', { owner: 'bob', assign: { roles: ['member'] } }],
    ['bob handed it on to you', { owner: 'bob', assign: { users: ['ada'], owner: true }, handed: toAda }],
    ['bob handed it on to every member', { owner: 'bob', assign: { roles: ['member'] }, handed: toMembers }],
    [
      'Nobody answered in time, so it is for you, too',
      { owner: 'bob', assign: { users: ['ada'] }, handed: { to: { user: 'ada' } } },
    ],
    [
      'It is for you',
      { owner: 'bob', assign: { users: ['ada'], roles: ['admin'] }, handed: { to: { role: 'admin' } } },
    ],
  ])('says to ada: %s', (why, asked) => {
    expect(whyAsked(asked, ada)).toBe(why);
  });

  it.each<[string, Parameters<typeof whyAsked>[0]]>([
    ['You are an administrator; it is for ada', { owner: 'ada' }],
    [
      'You are an administrator; it is for bob, ada, every member',
      { owner: 'ada', assign: { users: ['bob'], roles: ['member'], owner: true } },
    ],
    ['You are an administrator; it is for nobody else', { owner: 'ada', assign: {} }],
    ['It is for administrators', { owner: 'ada', assign: { roles: ['admin'] } }],
    [
      'Nobody answered in time, so it is for administrators, too',
      { owner: 'ada', assign: { owner: true, roles: ['admin'] }, handed: { to: { role: 'admin' } } },
    ],
  ])('says to an administrator: %s', (why, asked) => {
    expect(whyAsked(asked, root)).toBe(why);
  });
});
