import { describe, expect, it } from 'vitest';
import { containerState, type EngineState } from './exit-state.ts';

const exited: EngineState = { Status: 'exited', Running: false, ExitCode: 0, OOMKilled: false };

describe('containerState', () => {
  it.each<[string, Partial<EngineState>, object]>([
    ['a running one', { Status: 'running', Running: true }, { kind: 'running' }],
    [
      'a running one whose tool was killed for memory',
      { Status: 'running', Running: true, OOMKilled: true },
      { kind: 'running' },
    ],
    ['a paused one', { Status: 'paused' }, { kind: 'running' }],
    ['a clean end', {}, { kind: 'exited', code: 0, outOfMemory: false }],
    [
      'a clean end after a tool was killed for memory',
      { OOMKilled: true },
      { kind: 'exited', code: 0, outOfMemory: false },
    ],
    [
      'a runner killed for memory',
      { ExitCode: 137, OOMKilled: true },
      { kind: 'exited', code: 137, outOfMemory: true },
    ],
    ['a container killed from outside', { ExitCode: 137 }, { kind: 'exited', code: 137, outOfMemory: false }],
  ])('reads %s', (_name, state, expected) => {
    expect(containerState({ ...exited, ...state })).toEqual(expected);
  });
});
