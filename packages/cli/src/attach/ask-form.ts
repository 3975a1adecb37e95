import type { Element } from '@airlock/protocol/elements';
import { check } from '@airlock/protocol/forms/check';
import { type FieldElement, fieldsOf, isShown } from '@airlock/protocol/forms/fields';
import type { Json, JsonObject } from '@airlock/protocol/json';
import { UsageFailure } from '../failure.ts';
import { coerce, type SendFile, sendAll } from '../inputs.ts';
import { plainLine, revealed } from '../plain.ts';
import type { Dialog } from './dialog.ts';
import { layOut } from './lay-out.ts';

type OneOf = Extract<FieldElement, { type: 'select' | 'radio' | 'multiselect' }>;
type Action = Extract<FieldElement, { type: 'action' }>;

const none = ':none';
const marks = { first: '  ', line: '  ', wrapped: '  ' };

function tell(dialog: Dialog, text: string): void {
  dialog.tell(layOut(revealed(text), marks, dialog.width));
}

function defaultText(field: FieldElement): string {
  const { value } = field;
  if (value === null || value === '' || field.type === 'password') return '';
  return ` [${Array.isArray(value) ? value.join(', ') : String(value)}]`;
}

function hintOf(field: FieldElement): string {
  switch (field.type) {
    case 'boolean':
      return `${field.option === null ? '' : ` ${field.option}`} (yes or no)`;
    case 'multiselect':
      return ' (several: 1,2)';
    case 'file':
      return ' (paths of files here, several: a,b)';
    default:
      return '';
  }
}

function describe(field: FieldElement): string {
  const label = ('label' in field ? field.label : null) ?? field.name;
  const need = 'required' in field && field.required ? ' *' : '';
  const help = 'help' in field && field.help !== undefined ? `\n${field.help}` : '';
  const options = 'option' in field && Array.isArray(field.option) ? field.option : [];
  const choices = options.map((option, at) => `\n  ${at + 1}. ${option.label}`).join('');
  return `${label}${need}${hintOf(field)}${defaultText(field)}${help}${choices}`;
}

/** An option by its number, its name or its label. */
function optionNamed({ option }: OneOf, text: string): string {
  const typed = text.trim();
  const found =
    option.find(({ name }) => name === typed) ??
    option.find(({ label }) => label === typed) ??
    (/^\d+$/.test(typed) ? option[Number(typed) - 1] : undefined);
  return found?.name ?? typed;
}

/** What was typed, as a value of the field; nothing typed stands for its default. */
function readValue(field: FieldElement, text: string): Json | undefined {
  if (text === '') return undefined;
  if (text === none) return null;
  if (field.type === 'select' || field.type === 'radio') return optionNamed(field, text);
  if (field.type === 'multiselect') return text.split(',').map((each) => optionNamed(field, each));
  return coerce(field, text);
}

async function askFiles(field: FieldElement, dialog: Dialog, sendFile: SendFile): Promise<Json | undefined> {
  const text = (await dialog.ask(`${field.name}› `)).trim();
  if (text === '' || text === none) return undefined;
  return await sendAll(
    text.split(',').map((path) => path.trim().replace(/^@/, '')),
    sendFile,
  );
}

/** Asks until the value will do. */
async function askField(field: FieldElement, dialog: Dialog, sendFile: SendFile): Promise<Json | undefined> {
  tell(dialog, describe(field));
  for (;;) {
    try {
      if (field.type === 'file') {
        const value = await askFiles(field, dialog, sendFile);
        const checked = check(field, value);
        if ('problem' in checked) tell(dialog, `✗ ${checked.problem}`);
        else return value;
        continue;
      }
      const checked = check(field, readValue(field, await dialog.ask(`${field.name}› `, field.type === 'password')));
      if ('value' in checked) return checked.value;
      tell(dialog, `✗ ${checked.problem}`);
    } catch (error) {
      if (!(error instanceof UsageFailure)) throw error;
      tell(dialog, `✗ ${error.title}: ${error.detail}`);
    }
  }
}

/** The button that sends the form; the value of one that has a value. */
async function askButton(
  elements: readonly Element[],
  actions: readonly Action[],
  dialog: Dialog,
): Promise<JsonObject> {
  const submits = elements.flatMap((element) => (element.type === 'submit' ? [element.text] : []));
  const captions = [...submits, ...actions.map(({ text }) => text)];
  if (captions.length <= 1 && actions.length === 0) {
    await dialog.ask(`Enter: ${plainLine(submits[0] ?? 'send', 30)}, :back gives up› `);
    return {};
  }
  tell(dialog, captions.map((caption, at) => `  ${at + 1}. ${caption}`).join('\n'));
  for (;;) {
    const at = Number(await dialog.ask('button› ')) - 1;
    const action = actions[at - submits.length];
    if (action !== undefined) return { [action.name]: action.value };
    if (captions[at] !== undefined) return {};
    tell(dialog, `✗ Expected a number from 1 to ${captions.length}`);
  }
}

/** Asks for the values of a form, element by element in the order shown, until they pass its checks. */
export async function askForm(elements: readonly Element[], dialog: Dialog, sendFile: SendFile): Promise<JsonObject> {
  const values: JsonObject = {};
  const actions: Action[] = [];

  async function take(element: Element): Promise<void> {
    if (!isShown(element, values)) return;
    if (element.type === 'group') {
      tell(dialog, `${element.label}${element.help === undefined ? '' : `\n${element.help}`}`);
      for (const each of element.elements) await take(each);
    } else if (element.type === 'markdown' || element.type === 'html') tell(dialog, element.text.trim());
    else if (element.type === 'action') actions.push(element);
    else if ('name' in element && element.type !== 'hidden') {
      const value = await askField(element, dialog, sendFile);
      if (value !== undefined) values[element.name] = value;
    }
  }

  const isLong = fieldsOf(elements).length > 0;
  if (isLong) tell(dialog, `Enter takes what stands in [ ], ${none} nothing, :back gives up.`);
  for (const element of elements) await take(element);
  return { ...values, ...(await askButton(elements, actions, dialog)) };
}
