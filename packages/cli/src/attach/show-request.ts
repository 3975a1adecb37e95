import type { Element } from '@airlock/protocol/elements';
import { grantWords } from '@airlock/protocol/grant-rules';
import type { JsonObject } from '@airlock/protocol/json';
import type { Question } from '@airlock/protocol/requests';
import { revealed } from '../plain.ts';
import { paint, type Terminal } from '../terminal.ts';
import type { Ask, Open } from './desk.ts';
import { diffOf } from './diff.ts';
import { layOut } from './lay-out.ts';
import { replyField } from './reply-field.ts';

/** Where something is shown, and how wide that is. */
export interface Surface {
  readonly terminal: Terminal;
  /** In columns; Infinity when rows are not cut. */
  readonly width: number;
}

type ToolAsk = Extract<Ask, { kind: 'tool' }>;
type Part = string | { readonly exact: string };

const exactMarks = { first: '  │ ', line: '  │ ', wrapped: '  │↪' };
const wordMarks = { first: '  ', line: '  ', wrapped: '  ' };

/** What would be run itself, by tool. */
const main: Readonly<Record<string, string>> = { Bash: 'command' };
/** Claude's own words about a call: said as such, never as what the call does. */
const claim = 'description';

function asText(value: JsonObject[string] | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
}

/** Everything of a call that decides what it does, the most telling first; an edit of a file as what it changes. */
function callParts({ tool, input }: ToolAsk): Part[] {
  const { old_string: before, new_string: after } = input;
  const isEdit = tool === 'Edit' && typeof before === 'string' && typeof after === 'string';
  const first = main[tool];
  const parts: Part[] = [];
  if (first !== undefined && first in input) parts.push({ exact: asText(input[first]) });
  for (const [name, value] of Object.entries(input)) {
    if (name === first || name === claim || (isEdit && /^(old|new)_string$/.test(name))) continue;
    parts.push(`${revealed(name)}:`, { exact: asText(value) });
  }
  if (isEdit) parts.push('The change:', { exact: diffOf(before, after) });
  return parts;
}

function toolParts(ask: ToolAsk): Part[] {
  const { description = ask.input[claim], reason, mcpServer, agent, blockedPath, changedFrom, grants } = ask;
  const always = grants === undefined ? [] : [`:always allows for this conversation: ${grantWords(grants).join(', ')}`];
  return [
    ...(typeof description === 'string' ? [`Claude says: “${description}”`] : []),
    ...(mcpServer === undefined ? [] : [`From the MCP server ${mcpServer.name} (${mcpServer.source})`]),
    ...(agent === undefined ? [] : [`Asked by the sub-agent ${agent}`]),
    ...(blockedPath === undefined ? [] : [`Outside of the workspace: ${blockedPath}`]),
    ...(reason === undefined ? [] : [`Asked because: ${reason}`]),
    ...callParts(ask),
    ...(changedFrom === undefined ? [] : changedParts(changedFrom, ask.input)),
    ...(ask.defaultToNo === true ? ['The safe answer is no: it must not be allowed by accident.'] : []),
    ...always,
  ];
}

function changedParts(before: JsonObject, after: JsonObject): Part[] {
  const change = diffOf(JSON.stringify(before, null, 2), JSON.stringify(after, null, 2));
  const why = 'You decided on another call. Its container was lost before that ran, and Claude asks for this now:';
  return [why, { exact: change }];
}

export function questionParts({ header, question, options, multiSelect }: Question): Part[] {
  const choices = options.flatMap(({ label, description, preview }, at): Part[] => [
    `  ${at + 1}. ${label}${description === '' ? '' : ` — ${description}`}`,
    ...(preview === undefined ? [] : [{ exact: preview }]),
  ]);
  return [`${header}: ${question}${multiSelect ? ' (several may be chosen)' : ''}`, ...choices];
}

function elicitationParts(ask: Extract<Ask, { kind: 'elicitation' }>): Part[] {
  const said: Part[] = [`The MCP server ${ask.server} says: “${ask.message}”`];
  if (ask.url !== undefined) return [...said, 'It wants you to open', { exact: ask.url }];
  if (ask.elements === undefined) return [...said, 'What it asks for has no form: it can only be declined.'];
  return [...said, ...elementParts(ask.elements)];
}

/** A form's texts, and the names of what it wants. */
function elementParts(elements: readonly Element[]): Part[] {
  return elements.flatMap((element): Part[] => {
    switch (element.type) {
      case 'group':
        return [element.label, ...elementParts(element.elements)];
      case 'markdown':
      case 'html':
        return [{ exact: element.text }];
      case 'break':
      case 'hr':
      case 'errors':
      case 'hidden':
        return [];
      case 'submit':
      case 'cancel':
      case 'action':
        return [`[${element.text}]`];
      default:
        return [`- ${element.label ?? element.name}`];
    }
  });
}

/** Of one that is answered by a line the texts alone. */
function formParts(elements: readonly Element[]): Part[] {
  const isReply = replyField(elements) !== undefined;
  return elementParts(isReply ? elements.filter(({ type }) => type === 'markdown' || type === 'html') : elements);
}

function titleOf(ask: Ask): string {
  switch (ask.kind) {
    case 'tool':
      return `Claude asks to use ${ask.tool}`;
    case 'question':
      return 'Claude has a question';
    case 'plan':
      return 'Claude has a plan';
    case 'elicitation':
      return 'A tool asks you';
    case 'form':
      return `A form: ${ask.name}`;
  }
}

function partsOf(ask: Ask): Part[] {
  switch (ask.kind) {
    case 'tool':
      return toolParts(ask);
    case 'question':
      return ask.questions.flatMap(questionParts);
    case 'plan':
      return [{ exact: ask.plan }];
    case 'elicitation':
      return elicitationParts(ask);
    case 'form':
      return formParts(ask.elements);
  }
}

/** What is typed to answer it. */
function howTo(ask: Ask, n: number): string {
  switch (ask.kind) {
    case 'tool':
      return `:allow ${n}${ask.grants === undefined ? '' : `, :always ${n}`}, :edit ${n}, :deny ${n} why, :deny! ${n} why (stops Claude, too)`;
    case 'question':
      return `:answer ${n}`;
    case 'plan':
      return `:allow ${n}, :always ${n} (edits need no asking), :deny ${n} what to change`;
    case 'elicitation':
      if (ask.url !== undefined) return `:answer ${n} once you have done it, :deny ${n}`;
      return ask.elements === undefined ? `:deny ${n}` : `:answer ${n}, :deny ${n}`;
    case 'form':
      return replyField(ask.elements) === undefined ? `:answer ${n}` : `type your reply, or :answer ${n}`;
  }
}

/** Parts of what is asked, each on rows of its own, whatever cannot be seen in them made visible. */
export function showParts(parts: readonly Part[], { width }: Surface): string {
  return parts
    .map((part) =>
      typeof part === 'string'
        ? layOut(revealed(part), wordMarks, width)
        : layOut(revealed(part.exact.trimEnd()), exactMarks, width),
    )
    .join('');
}

/** A request in full, and how it is answered. */
export function showRequest({ n, ask, expiresAt }: Open, surface: Surface): string {
  const { terminal, width } = surface;
  const until = expiresAt === undefined ? '' : ` (until ${expiresAt.replace('T', ' ').slice(0, 16)} UTC)`;
  const title = layOut(
    `${revealed(titleOf(ask))}${until}`,
    { first: `? [${n}] `, line: '      ', wrapped: '      ' },
    width,
  );
  return [
    paint(terminal, 'yellow', title.trimEnd()),
    '\n',
    showParts(partsOf(ask), surface),
    paint(terminal, 'dim', `  → ${howTo(ask, n)}`),
    '\n',
  ].join('');
}
