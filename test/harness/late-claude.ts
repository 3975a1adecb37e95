import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/*
 * Runs the CLI given. One that resumes gets nothing to read before it has nothing more to do by itself: as when whoever
 * started it is slow.
 */

const lookMs = 100;
/** So many looks that find it idle, one after the other. */
const enough = 5;

const [claude = '', ...args] = process.argv.slice(2);
const child = spawn(claude, args, { stdio: ['pipe', 'inherit', 'inherit'] });
child.stdin.on('error', () => undefined);
child.once('exit', (code) => process.exit(code ?? 137));
process.once('SIGTERM', () => child.kill('SIGTERM'));

/** Time on a CPU of the CLI and of what it has run, in ticks of the kernel. */
function ticks(): number {
  const [, fields = ''] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ');
  return fields
    .split(' ')
    .slice(11, 15)
    .reduce((sum, field) => sum + Number(field), 0);
}

function hearWhenIdle(before = 0, idle = 0): void {
  const now = ticks();
  const looks = now > 0 && now === before ? idle + 1 : 0;
  if (looks === enough) process.stdin.pipe(child.stdin);
  else setTimeout(() => hearWhenIdle(now, looks), lookMs);
}

if (args.some((arg) => arg.startsWith('--resume'))) hearWhenIdle();
else process.stdin.pipe(child.stdin);
