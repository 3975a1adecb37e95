import type { Question } from '@airlock/protocol/requests';
import { chosenIn, type Draft } from '../../lib/draft.ts';

/** The choice that is none of the options. */
export const other = 'other';
export const chosenName = (place: number): string => `chosen${place}`;
export const noteName = (place: number): string => `note${place}`;
export const otherName = (place: number): string => `other${place}`;

/** The places of the chosen options, and `other`. */
export function chosenOf(draft: Draft, place: number): string[] {
  return chosenIn(draft[chosenName(place)]);
}

/** What is chosen after a click: one for a single choice, more or less for several. */
export function choose(question: Question, chosen: readonly string[], value: string, on: boolean): string[] {
  if (!question.multiSelect) return on ? [value] : [];
  const rest = chosen.filter((each) => each !== value);
  return on ? [...rest, value] : rest;
}

/** An answer's text: labels in the order of the options, then the person's own words, joined with `, `. */
function answerText(question: Question, draft: Draft, place: number): string {
  const chosen = chosenOf(draft, place);
  const labels = question.options.filter((_, option) => chosen.includes(String(option))).map(({ label }) => label);
  const own = draft[otherName(place)];
  if (chosen.includes(other) && typeof own === 'string' && own.trim() !== '') labels.push(own.trim());
  return labels.join(', ');
}

/** The answers, or the places of the questions still without one. */
export function toAnswers(
  questions: readonly Question[],
  draft: Draft,
):
  | { kind: 'complete'; inputs: { answers: Record<string, string>; notes?: Record<string, string> } }
  | { kind: 'missing'; places: number[] } {
  const texts = questions.map((question, place) => answerText(question, draft, place));
  const places = texts.flatMap((text, place) => (text === '' ? [place] : []));
  if (places.length > 0) return { kind: 'missing', places };
  const answers = Object.fromEntries(questions.map(({ question }, place) => [question, texts[place] ?? '']));
  const notes = Object.fromEntries(
    questions.flatMap(({ question }, place) => {
      const note = draft[noteName(place)];
      return typeof note === 'string' && note.trim() !== '' ? [[question, note.trim()]] : [];
    }),
  );
  return { kind: 'complete', inputs: { answers, ...(Object.keys(notes).length > 0 && { notes }) } };
}
