export { type CrashRun, crashMatrix } from './testing/crash-matrix.ts';
export { type Replayed, replayLog } from './testing/replay-log.ts';
export { type Asked, type End, type LogEntry, type Recording, type Script, turnFailure } from './testing/script.ts';
export { ServiceTest } from './testing/service-test.ts';
