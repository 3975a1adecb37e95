import type { ContainerState } from './placement.ts';

/** The part of an engine's answer that says how a container is. */
export interface EngineState {
  readonly Status: string;
  readonly Running: boolean;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
}

const killed = 137;

/**
 * Whether memory ended the container. The engine's mark alone says only that something in it was killed for memory at
 * some time, maybe a tool; the exit code says whether it was the runner.
 */
export function containerState(state: EngineState): ContainerState {
  if (state.Running || state.Status === 'paused' || state.Status === 'restarting') return { kind: 'running' };
  return { kind: 'exited', code: state.ExitCode, outOfMemory: state.ExitCode === killed && state.OOMKilled };
}
