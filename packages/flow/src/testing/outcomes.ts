import type { Prepared } from '@airlock/protocol/repository';
import type { Call, Outcome } from '@airlock/protocol/service-channel';
import { type Script, testSession } from './script.ts';
import { createSessions } from './sessions.ts';
import type { TestFiles } from './test-files.ts';
import { seededRandom, type TestTime } from './time.ts';

/** Calls with an outcome at once. */
export type Immediate = Exclude<
  Call,
  { kind: 'emit' | 'log' | 'lock' | 'sleep' | 'step' | 'race' | 'tool_next' | 'tool_done' }
>;

/** There is always something to push. */
const testPrepared = {
  url: 'https://example.com/project.git',
  commit: '0'.repeat(40),
  commits: 1,
  stat: ' README.md | 1 +',
} satisfies Prepared;

/** What such calls come to; time and chance are the test's. */
export function createOutcomes(script: Script, time: TestTime, files: TestFiles): (call: Immediate) => Outcome {
  const random = seededRandom(1);
  const say = createSessions(script);
  return (call) => {
    switch (call.kind) {
      case 'random':
        return { ok: true, value: random() };
      case 'now':
        time.now += 1000;
        return { ok: true, value: time.now };
      case 'file':
        files.keep(call.path);
        return { ok: true, value: null };
      case 'session_open':
        return { ok: true, value: { id: testSession } };
      case 'session_send':
        return say(call.session, call.text);
      case 'session_end':
      case 'branch_push':
        return { ok: true, value: null };
      case 'branch_prepare':
        return { ok: true, value: testPrepared };
    }
  };
}
