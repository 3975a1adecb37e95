import { createServer } from 'node:net';
import { sessionSpecSchema, wireSocket } from '@airlock/protocol/wire';
import { query } from '@anthropic-ai/claude-agent-sdk';

const spec = sessionSpecSchema.parse(JSON.parse(process.env.AIRLOCK_SESSION ?? '{}'));
console.error('stub runner', spec.session, typeof query, Math.round(performance.now()));
process.on('SIGTERM', () => {
  console.error('bye');
  process.exit(0);
});
// echo, or with a first byte 'D' a download of n MB, or 'S' a sink
createServer((s) => s.pipe(s)).listen('\0' + wireSocket);
