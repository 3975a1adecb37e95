import { permissionModeSchema } from '@airlock/protocol/grants';
import type { JsonObject } from '@airlock/protocol/json';
import { jsonObjectSchema } from '@airlock/protocol/json';
import { Failure, UsageFailure } from '../failure.ts';
import type { SendFile } from '../inputs.ts';
import { askForm } from './ask-form.ts';
import { askQuestions } from './ask-questions.ts';
import type { Ask, Desk, Known, Open } from './desk.ts';
import type { Dialog } from './dialog.ts';
import { diffOf } from './diff.ts';
import { readEdited } from './edit-input.ts';
import { layOut } from './lay-out.ts';
import type { Surface } from './show-request.ts';

/** What a command about a request is given. */
export interface Given {
  readonly n: number | undefined;
  readonly rest: string;
  readonly known: Known;
}

interface AnsweringOptions {
  readonly desk: Desk;
  readonly dialog: Dialog;
  readonly surface: Surface;
  readonly sendFile: SendFile;
  /** Lets the person edit a text. */
  readonly edit: (text: string) => Promise<string>;
  readonly send: (open: Open, inputs: JsonObject) => Promise<void>;
}

const isDecided = ({ kind }: Ask) => kind === 'tool' || kind === 'plan';
const isTool = ({ kind }: Ask) => kind === 'tool';
const isFilledIn = ({ kind }: Ask) => kind === 'form' || kind === 'question' || kind === 'elicitation';
const isDenied = (ask: Ask) => isDecided(ask) || ask.kind === 'elicitation';

function messageOf(text: string): JsonObject {
  return text === '' ? {} : { message: text };
}

function readJson(text: string): JsonObject {
  try {
    return jsonObjectSchema.parse(JSON.parse(text));
  } catch {
    throw new UsageFailure('It cannot be read as JSON', text.slice(0, 80), 'Write an object, such as {"name": "Ada"}');
  }
}

/** The answers to requests, as commands give them. */
export function createAnswering({ desk, dialog, surface, sendFile, edit, send }: AnsweringOptions) {
  /** Edits that could not be used, by request. */
  const drafts = new Map<string, string>();

  async function allow({ n, rest, known }: Given, always: boolean): Promise<void> {
    const open = desk.pick(n, isDecided, known);
    if (open.ask.kind === 'plan') {
      const permissionMode = always
        ? 'acceptEdits'
        : rest === ''
          ? undefined
          : permissionModeSchema.safeParse(rest).data;
      if (rest !== '' && permissionMode === undefined) {
        throw new UsageFailure('There is no such mode', `'${rest}'`, 'Use default or acceptEdits');
      }
      return await send(open, { decision: 'allow', ...(permissionMode === undefined ? {} : { permissionMode }) });
    }
    if (rest !== '')
      throw new UsageFailure('An approval takes no words', `'${rest}'`, `:allow ${open.n}, or :edit ${open.n}`);
    if (always && open.ask.kind === 'tool' && open.ask.grants === undefined) {
      throw new UsageFailure('It cannot be allowed for good', 'only this one call', `Use :allow ${open.n}`);
    }
    await send(open, { decision: 'allow', ...(always ? { remember: true } : {}) });
  }

  async function deny({ n, rest, known }: Given, interrupt: boolean): Promise<void> {
    const open = desk.pick(n, interrupt ? isTool : isDenied, known);
    if (open.ask.kind === 'elicitation') return await send(open, { action: 'decline' });
    if (open.ask.kind === 'plan' && rest === '') {
      throw new UsageFailure('Say what to change', 'a plan is sent back with words', `:deny ${open.n} what to change`);
    }
    await send(open, { decision: 'deny', ...messageOf(rest), ...(interrupt ? { interrupt: true } : {}) });
  }

  async function editTool({ n, known }: Given): Promise<void> {
    const open = desk.pick(n, isTool, known);
    if (open.ask.kind !== 'tool') return;
    const before = JSON.stringify(open.ask.input, null, 2);
    const text = await edit(drafts.get(open.request) ?? `${before}\n`);
    drafts.set(open.request, text);
    const input = readEdited(text, open.ask.input);
    if (input === undefined) {
      throw new Failure('Nothing was changed', 'it was not allowed', `:allow ${open.n} lets it run as it is`);
    }
    const change = diffOf(before, JSON.stringify(input, null, 2));
    dialog.tell(layOut(change, { first: '  │ ', line: '  │ ', wrapped: '  │↪' }, dialog.width));
    await send(open, { decision: 'allow', updatedInput: input });
    drafts.delete(open.request);
  }

  async function inputsFor(ask: Ask, rest: string): Promise<JsonObject> {
    switch (ask.kind) {
      case 'form':
        return rest === '' ? await askForm(ask.elements, dialog, sendFile) : readJson(rest);
      case 'question':
        if (rest === '') return await askQuestions(ask.questions, dialog, surface);
        return rest.startsWith('{') ? readJson(rest) : { answers: {}, response: rest };
      case 'elicitation':
        if (ask.url !== undefined) return { action: 'accept' };
        if (ask.elements === undefined) {
          throw new UsageFailure('It can only be declined', 'what it asks for has no form', 'Use :deny');
        }
        return {
          action: 'accept',
          content: rest === '' ? await askForm(ask.elements, dialog, sendFile) : readJson(rest),
        };
      case 'tool':
      case 'plan':
        throw new UsageFailure('It is allowed or denied', ask.kind, 'Use :allow or :deny');
    }
  }

  return {
    allow,
    deny,
    edit: editTool,
    async answer({ n, rest, known }: Given, begun: (open: Open) => void): Promise<void> {
      const open = desk.pick(n, isFilledIn, known);
      begun(open);
      await send(open, await inputsFor(open.ask, rest));
    },
  };
}
