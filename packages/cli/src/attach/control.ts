import { sessionSettingsSchema } from '@airlock/protocol/api';
import type { JsonObject } from '@airlock/protocol/json';
import type { ApiClient } from '../api-client.ts';
import { Failure, toShown, UsageFailure } from '../failure.ts';
import { plain } from '../plain.ts';
import { createAnswering, type Given } from './answering.ts';
import { help } from './commands.ts';
import type { Desk, Known, Open } from './desk.ts';
import { BackOut, type Dialog } from './dialog.ts';
import { readLine, type Typed } from './line.ts';
import { replyField } from './reply-field.ts';
import type { Sessions } from './sessions.ts';
import type { Surface } from './show-request.ts';
import type { View } from './view.ts';

interface ControlOptions {
  readonly execution: string;
  readonly connect: () => Promise<ApiClient>;
  readonly desk: Desk;
  readonly sessions: Sessions;
  readonly view: View;
  readonly surface: Surface & { print(text: string): void };
  readonly edit: (text: string) => Promise<string>;
  readonly setPrompt: (prompt: string, isSecret: boolean) => void;
  readonly leave: () => void;
}

interface Asking {
  readonly prompt: string;
  readonly isSecret: boolean;
  resolve(line: string): void;
  reject(error: Error): void;
}

/** The form that asks for the next word to Claude, and for nothing else. */
const claudesForm = 'claude-input';

/**
 * What a person does at the terminal.
 *
 * A15. A line of words is said, or is the reply a form asks for: it never decides a tool, a plan, a question or an
 *      elicitation, whatever it says.
 */
export function createControl(options: ControlOptions) {
  const { execution, connect, desk, sessions, view, surface } = options;
  let asking: Asking | undefined;
  /** The request that is being answered step by step. */
  let answering: Open | undefined;
  let isCancelling = false;
  let known: Known = new Set();
  let work = Promise.resolve();

  const dialog: Dialog = {
    ask: (prompt, isSecret = false) =>
      new Promise((resolve, reject) => {
        if (answering !== undefined && !desk.isOpen(answering.request)) {
          reject(new BackOut('It is answered already'));
          return;
        }
        asking = { prompt, isSecret, resolve, reject };
        refresh();
      }),
    tell: (text) => surface.print(text),
    get width() {
      return surface.width;
    },
  };

  async function send({ request }: Open, inputs: JsonObject): Promise<void> {
    await (await connect()).act('POST', `/requests/${request}/answer`, { inputs });
  }

  const answers = createAnswering({
    desk,
    dialog,
    surface,
    sendFile: async (path) => await (await connect()).upload(path),
    edit: options.edit,
    send,
  });

  /** The form a line replies to. Others than Claude's must have stood there when the line was begun. */
  function replyForm(atBegin: Known): { open: Open; field: string } | undefined {
    const forms = desk.open().flatMap((open) => {
      const field = open.ask.kind === 'form' ? replyField(open.ask.elements) : undefined;
      return field === undefined ? [] : [{ open, field }];
    });
    const [only] = forms;
    if (only === undefined) return undefined;
    if (forms.length > 1) {
      throw new UsageFailure('Which one do you reply to?', 'several forms are open', `Use :answer ${only.open.n}`);
    }
    const isClaudes = only.open.ask.kind === 'form' && only.open.ask.name === claudesForm;
    if (isClaudes || atBegin.has(only.open.request)) return only;
    throw new Failure('A form came while you typed', 'your line was not sent', 'Press the up arrow to send it now');
  }

  async function say(text: string, atBegin: Known): Promise<void> {
    const form = replyForm(atBegin);
    if (form !== undefined) return await send(form.open, { [form.field]: text });
    await (await connect()).act('POST', `/sessions/${sessions.target()}/messages`, { text });
  }

  async function change(name: string, value: string): Promise<void> {
    const key = name === 'mode' ? 'permissionMode' : name;
    const body = sessionSettingsSchema.safeParse({ [key]: value === '-' ? null : value });
    if (!body.success) {
      throw new UsageFailure('It has no such value', `${name} '${value}'`, 'See :help');
    }
    await (await connect()).act('PATCH', `/sessions/${sessions.target()}`, body.data);
  }

  async function cancel(): Promise<void> {
    if (!isCancelling) {
      isCancelling = true;
      view.note('!', 'This ends the execution for good. Say :cancel once more to do it.', 'yellow');
      return;
    }
    await (await connect()).act('POST', `/executions/${encodeURIComponent(execution)}/cancel`);
  }

  function show(n: number | undefined): void {
    const open = desk.open().filter((each) => n === undefined || each.n === n);
    if (open.length === 0) view.note('·', 'Nothing is open');
    for (const each of open) view.request(each);
  }

  async function carryOut(name: string, given: Given): Promise<void> {
    if (name !== 'cancel') isCancelling = false;
    switch (name) {
      case 'allow':
        return await answers.allow(given, false);
      case 'always':
        return await answers.allow(given, true);
      case 'deny':
        return await answers.deny(given, false);
      case 'deny!':
        return await answers.deny(given, true);
      case 'edit':
        return await answers.edit(given);
      case 'answer':
        return await answers.answer(given, (open) => {
          answering = open;
        });
      case 'show':
        return show(given.n);
      case 'interrupt':
        return await (await connect()).act('POST', `/sessions/${sessions.target()}/interrupt`);
      case 'mode':
      case 'model':
      case 'effort':
        return await change(name, given.rest);
      case 'session':
        return sessions.choose(given.n ?? 0);
      case 'cancel':
        return await cancel();
      case 'quit':
        return options.leave();
      case 'help':
        return surface.print(help);
      default:
        throw new UsageFailure('There is no such command', `:${name}`, 'See :help; write :: for a colon you mean');
    }
  }

  async function act(typed: Typed, atBegin: Known): Promise<void> {
    try {
      if (typed.kind === 'words') await say(typed.text, atBegin);
      if (typed.kind === 'command') await carryOut(typed.name, { n: typed.n, rest: typed.rest, known: atBegin });
    } catch (error) {
      if (error instanceof BackOut) view.note('·', error.message);
      else fail(error);
    }
    refresh();
  }

  function fail(error: unknown): void {
    const { title, detail, fix, fields } = toShown(error);
    const named = Object.entries(fields ?? {}).map(([name, texts]) => `\n${name}: ${texts.join('; ')}`);
    view.note('✗', plain(`${title}${detail === '' ? '' : ` — ${detail}`}${named.join('')}\n→ ${fix}`), 'red');
  }

  /** A line for what is being asked; false when it is a command that goes on beside that. */
  function reply(line: string, { resolve, reject }: Asking): boolean {
    const typed = readLine(line);
    if (typed.kind === 'command' && typed.name !== 'none') {
      if (/^(quit|help|show)$/.test(typed.name)) return false;
      asking = undefined;
      reject(new BackOut(typed.name === 'back' ? 'Not answered' : `Not answered; say :${typed.name} again`));
      return true;
    }
    asking = undefined;
    resolve(typed.kind === 'words' && line.trimStart().startsWith('::') ? typed.text : line.trim());
    return true;
  }

  function promptText(): string {
    const approvals = desk.open().filter(({ ask }) => ask.kind !== 'form' || replyField(ask.elements) === undefined);
    const waiting = approvals.length === 0 ? '' : `[${approvals.map(({ n }) => n).join(',')}] `;
    const isReply = desk.open().some(({ ask }) => ask.kind === 'form' && replyField(ask.elements) !== undefined);
    return `${waiting}${isReply ? 'reply' : 'say'}› `;
  }

  /** What changed may change what a line is for. */
  function refresh(): void {
    if (asking !== undefined) options.setPrompt(asking.prompt, asking.isSecret);
    else options.setPrompt(promptText(), false);
  }

  return {
    /** A line is begun. */
    begin(): void {
      known = desk.known();
    },
    /** A line is sent. Resolves when everything sent before is done, too. */
    line(text: string): Promise<void> {
      const atBegin = known;
      if (asking !== undefined && reply(text, asking)) {
        refresh();
        return work;
      }
      const typed = readLine(text);
      if (asking !== undefined) return act(typed, atBegin);
      work = work
        .then(() => act(typed, atBegin))
        .then(() => {
          answering = undefined;
        });
      return work;
    },
    /** The requests that are open have changed. */
    changed(): void {
      if (answering !== undefined && !desk.isOpen(answering.request) && asking !== undefined) {
        const { reject } = asking;
        asking = undefined;
        reject(new BackOut(`[${answering.n}] is not open any more`));
      }
      refresh();
    },
  };
}
