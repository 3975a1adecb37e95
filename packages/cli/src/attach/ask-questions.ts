import type { JsonObject } from '@airlock/protocol/json';
import type { Question } from '@airlock/protocol/requests';
import { choiceOf } from './choice.ts';
import type { Dialog } from './dialog.ts';
import { questionParts, type Surface, showParts } from './show-request.ts';

/** Asks Claude's questions one by one, and for a note on each. */
export async function askQuestions(
  questions: readonly Question[],
  dialog: Dialog,
  surface: Surface,
): Promise<JsonObject> {
  const answers: Record<string, string> = {};
  const notes: Record<string, string> = {};
  for (const question of questions) {
    dialog.tell(showParts(questionParts(question), surface));
    const how = question.multiSelect ? 'numbers such as 1,3' : 'a number';
    let answer: string | undefined;
    while (answer === undefined) {
      answer = choiceOf(question, await dialog.ask('answer› '));
      if (answer === undefined) dialog.tell(`  ✗ Expected ${how} of the options, or your own words\n`);
    }
    answers[question.question] = answer;
    const note = (await dialog.ask('note (Enter: none)› ')).trim();
    if (note !== '') notes[question.question] = note;
  }
  return { answers, ...(Object.keys(notes).length > 0 ? { notes } : {}) };
}
