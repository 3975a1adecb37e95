import { expect, it } from 'vitest';
import { isUntold, waitNote, waitNow } from './wait-note.ts';

const room = { kind: 'room', text: 'Waits for room: it is next' } as const;
const tool = { kind: 'tool', text: 'Claude runs Bash' } as const;
const person = { kind: 'person', text: 'Waits for a person' } as const;
const stop = { kind: 'stop', text: 'Stopping: Cancelled by ada' } as const;

it.each([
  ['running', room, room.text, true],
  ['running', tool, null, false],
  ['awaiting', person, person.text, false],
  ['awaiting', stop, stop.text, true],
  ['running', person, null, false],
  ['awaiting', room, null, false],
  ['finished', stop, null, false],
  ['running', null, null, false],
] as const)('%s, %j: %s', (status, waitsFor, note, asked) => {
  expect(waitNote({ status, waitsFor })).toBe(note);
  expect(isUntold({ status, waitsFor })).toBe(asked);
});

it('tells of what goes on where the work is', () => {
  expect(waitNow({ status: 'running', waitsFor: tool })).toEqual(tool);
});
