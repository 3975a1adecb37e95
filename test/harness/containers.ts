import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { vi } from 'vitest';

const engine = new Docker();

export const containerOf = (session: string) => engine.getContainer(`claude-session-${session}`);

/** Resolves once the engine has no such container any more. Benchmarks use it, too: `vi` is not there for them. */
export async function untilRemoved(session: string): Promise<void> {
  for (const until = Date.now() + 60_000; ; await delay(20)) {
    const found = await containerOf(session).inspect().catch(statusOf);
    if (found === 404) return;
    if (Date.now() > until) throw new Error(`It is still there: ${JSON.stringify(found.State)}`);
  }
}

/** 404, of what the engine says of a container it does not know; other errors are thrown. */
function statusOf(error: { statusCode?: number }): 404 {
  if (error.statusCode !== 404) throw error;
  return error.statusCode;
}

/** Resolves with the id of the container that runs for a session once it is not `other`. */
export async function untilReplaced(session: string, other: string): Promise<string> {
  return await vi.waitFor(
    async () => {
      const { Id, State } = await containerOf(session).inspect();
      if (Id === other || !State.Running) throw new Error('It is not replaced yet');
      return Id;
    },
    { interval: 50, timeout: 30_000 },
  );
}

/** Runs a shell command in a session's container, as a tool would; resolves with what it printed. Rejects when it fails. */
export async function runIn(session: string, command: string): Promise<string> {
  const Cmd = ['bash', '-c', command];
  const exec = await containerOf(session).exec({ Cmd, User: '1000:1000', Tty: true, AttachStdout: true });
  const said = await text(await exec.start({ Tty: true }));
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`${command} ended with code ${ExitCode}: ${said}`);
  return said.trim().replaceAll('\r\n', '\n');
}

const programs = { claude: '/app/bin/claude', runner: '/app/bin/node' } as const;

/** Process id, as the engine's machine counts, of a program in a session's container. */
export async function pidOf(session: string, program: keyof typeof programs): Promise<number> {
  const { Titles, Processes } = (await containerOf(session).top()) as { Titles: string[]; Processes: string[][] };
  const column = (row: string[], title: string) => row[Titles.indexOf(title)] ?? '';
  const row = Processes.find((each) => column(each, 'CMD').startsWith(programs[program]));
  if (!row) throw new Error(`No ${program} runs in the container of ${session}: ${JSON.stringify(Processes)}`);
  return Number(column(row, 'PID'));
}

/** Kills a program in a container, that of a session or another, as any tool in it could. */
export async function killIn(of: string | Docker.Container, program: keyof typeof programs): Promise<void> {
  const Cmd = ['/bin/sh', '-c', `kill -KILL $(pgrep -f '^${programs[program]}')`];
  const container = typeof of === 'string' ? containerOf(of) : of;
  const exec = await container.exec({ Cmd, User: '1000:1000' });
  await exec.start({ Detach: true });
}
