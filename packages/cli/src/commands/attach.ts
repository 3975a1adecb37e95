import { executionSchema } from '@airlock/protocol/api';
import type { ExecutionStatus } from '@airlock/protocol/executions';
import { createControl } from '../attach/control.ts';
import { createDesk } from '../attach/desk.ts';
import { editText } from '../attach/edit-input.ts';
import { createLiveText } from '../attach/live-text.ts';
import { createScreen, type Screen, type Tty } from '../attach/screen.ts';
import { createSessions } from '../attach/sessions.ts';
import { createView, messageMark } from '../attach/view.ts';
import { type Context, connect } from '../context.ts';
import { endOf, type Followed, follow, followEvents, type Logged } from '../events/read-events.ts';
import { knownEvent } from '../events/render-event.ts';
import { toShown } from '../failure.ts';
import { plain, plainLine } from '../plain.ts';
import { printJson } from '../terminal.ts';

export interface AttachOptions {
  readonly json?: boolean;
}

function exitCodeOf(status: ExecutionStatus | undefined): number {
  return status === 'error' || status === 'cancelled' ? 1 : 0;
}

/** Its events as lines of JSON, until it ends. */
async function followAsJson(context: Context, execution: string): Promise<number> {
  let status: ExecutionStatus | undefined;
  for await (const event of followEvents(() => connect(context), execution, { signal: context.signal })) {
    printJson(context.terminal, event);
    status = endOf(event);
  }
  return exitCodeOf(status);
}

/** What is shown of an execution, whether or not somebody sits there. */
function createScene(context: Context, screen: Screen | undefined, lastSeq: number) {
  const { terminal } = context;
  const desk = createDesk();
  const sessions = createSessions();
  const display = {
    terminal,
    get width() {
      return screen?.width ?? Number.POSITIVE_INFINITY;
    },
    print: (text: string) => (screen === undefined ? terminal.out(text) : screen.print(text)),
  };
  const live = createLiveText({
    stream: (text) => screen?.stream(text, messageMark),
    endStream: () => screen?.endStream(),
    peek: (text) => screen?.peek(text === '' ? '' : `✻ ${text}`),
    giveUp: () => view.note('·', 'This was given up; Claude begins again'),
  });
  const view = createView(display, live);
  let isCaughtUp = lastSeq === 0;

  /** Requests are shown in full once they are known to be open still. */
  function catchUp(seq: number): void {
    if (seq < lastSeq) return;
    isCaughtUp = true;
    for (const open of desk.open()) if (!open.shown) view.request(open);
  }

  function take(logged: Logged): ExecutionStatus | undefined {
    const event = knownEvent(logged);
    const open = event && desk.take(event);
    if (event !== undefined) sessions.take(event);
    const status = endOf(logged);
    if (status !== undefined) live.end();
    view.event(logged, event, open);
    if (isCaughtUp && open !== undefined && desk.isOpen(open.request)) view.request(open);
    if (!isCaughtUp) catchUp(logged.seq);
    return status;
  }

  return {
    desk,
    sessions,
    display,
    view,
    /** Returns the status when it was the last there is to show. */
    show(followed: Followed): ExecutionStatus | undefined {
      switch (followed.type) {
        case 'connected':
          live.connected();
          screen?.peek('');
          return undefined;
        case 'lost':
          screen?.peek(`… ${plainLine(`Connection lost, trying again: ${reason(followed.problem)}`, 200)}`);
          return undefined;
        case 'delta':
          if (screen !== undefined) live.delta(followed.delta);
          return undefined;
        case 'retract':
          live.retract(followed.retract);
          return undefined;
        case 'event':
          return take(followed.event);
      }
    },
  };
}

function reason(problem: unknown): string {
  return problem === undefined ? 'the host closed it' : toShown(problem).title;
}

/** Sits at the terminal: shows what happens, and does what is typed. */
async function attachTerminal(context: Context, execution: string, tty: Tty, lastSeq: number): Promise<number> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([context.signal, leaving.signal]);
  const screen = createScreen(tty, {
    onBegin: () => control.begin(),
    onLine: (line) => void control.line(line),
    onLeave: () => leaving.abort(),
  });
  const { desk, sessions, display, view, show } = createScene(context, screen, lastSeq);
  const control = createControl({
    execution,
    connect: () => connect(context),
    desk,
    sessions,
    view,
    surface: display,
    edit: (text) => screen.lend(() => editText(text, context.settings)),
    setPrompt: (prompt, isSecret) => screen.setPrompt(prompt, isSecret),
    leave: () => leaving.abort(),
  });
  let status: ExecutionStatus | undefined;
  try {
    control.changed();
    view.note('·', `Attached to ${plain(execution)}; :help says what you can do`);
    const following = follow(() => connect(context), execution, { signal, patience: Number.POSITIVE_INFINITY });
    for await (const followed of following) {
      status = show(followed);
      if (followed.type === 'event') control.changed();
    }
  } finally {
    screen.close();
  }
  if (status !== undefined) return exitCodeOf(status);
  context.terminal.out(`Left. The execution goes on; take it up with: airlock attach ${plain(execution)}\n`);
  return 0;
}

async function followAsText(context: Context, execution: string, lastSeq: number): Promise<number> {
  const { show } = createScene(context, undefined, lastSeq);
  let status: ExecutionStatus | undefined;
  for await (const followed of follow(() => connect(context), execution, { signal: context.signal })) {
    status = show(followed);
  }
  return exitCodeOf(status);
}

/**
 * Follows a conversation until its execution ends: exit code 0 when it finished, 1 when it failed or was cancelled. At a
 * terminal people take part in it; Ctrl-C leaves, with exit code 0, and the execution goes on.
 */
export async function attach(context: Context, execution: string, options: AttachOptions): Promise<number> {
  if (options.json === true) return await followAsJson(context, execution);
  const api = await connect(context);
  const { lastSeq } = await api.get(`/executions/${encodeURIComponent(execution)}`, executionSchema);
  const { tty } = context;
  if (tty === undefined) return await followAsText(context, execution, lastSeq);
  return await attachTerminal(context, execution, tty, lastSeq);
}
