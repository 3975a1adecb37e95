import type { Event } from '@airlock/protocol/events';
import { expect, test } from 'vitest';
import { ids } from '../fixtures/data.ts';
import { createDesk } from './desk.ts';

const at = '2026-01-02T03:04:05.000Z';
const other = `${ids.request.slice(0, -1)}9` as typeof ids.request;

function asked(request = ids.request): Event {
  const ask = { kind: 'tool' as const, tool: 'Bash', toolUseId: 't', input: { command: 'ls' } };
  return { seq: 1, at, kind: 'request', payload: { request, session: ids.session, ask } };
}

function answered(request = ids.request): Event {
  return { seq: 2, at, kind: 'answer', payload: { request, session: ids.session, outcome: 'answered' } };
}

const any = () => true;

test('A13: a request that came after the line was begun is not decided by it, named or not', () => {
  const desk = createDesk();
  const open = desk.take(asked());
  const known = desk.known();
  expect(() => desk.pick(undefined, any, known)).toThrow(/came while you typed/);
  expect(() => desk.pick(1, any, known)).toThrow(/came while you typed/);
  if (open !== undefined) open.shown = true;
  expect(desk.pick(undefined, any, desk.known())).toBe(open);
});

test('A13: one that takes the place of another has another number, and is not taken for it', () => {
  const desk = createDesk();
  const first = desk.take(asked());
  if (first !== undefined) first.shown = true;
  const known = desk.known();
  expect(desk.take(answered())).toBe(first);
  const second = desk.take(asked(other));
  expect(second?.n).toBe(2);
  expect(() => desk.pick(undefined, any, known)).toThrow(/came while you typed/);
  expect(() => desk.pick(1, any, known)).toThrow(/there is no open request 1/);
});

test('of several one is named, and it must be answered like this', () => {
  const desk = createDesk();
  for (const event of [asked(), asked(other)]) {
    const open = desk.take(event);
    if (open !== undefined) open.shown = true;
  }
  expect(() => desk.pick(undefined, any, desk.known())).toThrow(/several are open: 1, 2/);
  expect(desk.pick(2, any, desk.known()).request).toBe(other);
  expect(() => desk.pick(2, () => false, desk.known())).toThrow(/answered otherwise/);
  expect(() => desk.pick(undefined, () => false, desk.known())).toThrow(/nothing open is answered like this/);
});
