import type { Question, SessionAsk } from '@airlock/protocol/requests';
import { type FormEvent, useId, useState } from 'react';
import { type Draft, useDraft } from '../../lib/draft.ts';
import { Button } from '../../ui/button.tsx';
import { inputClass } from '../../ui/field.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { submitOnEnter } from '../forms/submit-shortcut.ts';
import { choose, chosenName, chosenOf, noteName, other, otherName, toAnswers } from './question-answers.ts';
import { AnswerFailure, RequestFrame, type RequestProps } from './request-frame.tsx';
import { requestScope, useAnswer } from './use-answer.ts';

export type QuestionAsk = Extract<SessionAsk, { kind: 'question' }>;

interface QuestionRequestProps extends RequestProps {
  ask: QuestionAsk;
}

const noDraft = {};

export function QuestionRequest({ ask, ...about }: QuestionRequestProps) {
  const { request, answerers } = about;
  const { send, busy, error } = useAnswer(request);
  const { draft, set } = useDraft(requestScope(request), noDraft);
  const [missing, setMissing] = useState<readonly number[]>([]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const result = toAnswers(ask.questions, draft);
    setMissing(result.kind === 'missing' ? result.places : []);
    if (result.kind === 'complete' && !busy) send(result.inputs);
  };
  return (
    <RequestFrame title="Claude has a question" testId="question-request" {...about} focusField={false}>
      <form noValidate onSubmit={submit} className="space-y-6">
        <fieldset disabled={answerers !== null} className="min-w-0 space-y-6">
          {ask.questions.map((question, place) => (
            <QuestionFields
              key={question.question}
              question={question}
              place={place}
              draft={draft}
              missing={missing.includes(place)}
              set={set}
            />
          ))}
        </fieldset>
        <AnswerFailure error={error} />
        {answerers === null && (
          <Button type="submit" look="primary" busy={busy} data-testid="question-submit">
            Send
          </Button>
        )}
      </form>
    </RequestFrame>
  );
}

interface QuestionFieldsProps {
  question: Question;
  place: number;
  draft: Draft;
  missing: boolean;
  set: (name: string, value: Draft[string]) => void;
}

function QuestionFields({ question, place, draft, missing, set }: QuestionFieldsProps) {
  const id = useId();
  const chosen = chosenOf(draft, place);
  const own = draft[otherName(place)];
  const note = draft[noteName(place)];
  const pick = (value: string, on: boolean): void => set(chosenName(place), choose(question, chosen, value, on));
  const shared = { name: id, several: question.multiSelect, chosen, pick };
  return (
    <fieldset className="min-w-0" aria-describedby={`${id}-missing`}>
      <legend className="mb-2 font-medium">
        <span className="block text-[0.8rem] font-medium text-ink-faint">
          <Revealed text={question.header} />
          {question.multiSelect && ' · choose any'}
        </span>
        <Revealed text={question.question} />
      </legend>
      <div className="space-y-2">
        {question.options.map((option, value) => (
          <Choice
            key={option.label}
            {...shared}
            value={String(value)}
            label={option.label}
            text={option.description}
            preview={option.preview}
          />
        ))}
        <Choice {...shared} value={other} label="Other" text="" />
        <input
          aria-label="Other, in your own words"
          data-testid={`question-other-${place}`}
          placeholder="In your own words"
          className={inputClass}
          maxLength={10_000}
          value={typeof own === 'string' ? own : ''}
          onKeyDown={submitOnEnter}
          onChange={(event) => {
            set(otherName(place), event.target.value);
            if (!chosen.includes(other)) pick(other, true);
          }}
        />
      </div>
      <input
        aria-label={`A note on: ${question.question}`}
        data-testid={`question-note-${place}`}
        placeholder="A note (optional)"
        className={`${inputClass} mt-2`}
        maxLength={10_000}
        value={typeof note === 'string' ? note : ''}
        onKeyDown={submitOnEnter}
        onChange={(event) => set(noteName(place), event.target.value)}
      />
      <p id={`${id}-missing`} aria-live="polite" className="mt-1.5 text-sm font-medium text-red">
        {missing && 'Choose an answer or write one'}
      </p>
    </fieldset>
  );
}

interface ChoiceProps {
  name: string;
  several: boolean;
  chosen: readonly string[];
  value: string;
  label: string;
  text: string;
  preview?: string | undefined;
  pick: (value: string, on: boolean) => void;
}

function Choice({ name, several, chosen, value, label, text, preview, pick }: ChoiceProps) {
  return (
    <label className="flex items-start gap-3 rounded-lg border border-line px-3.5 py-2.5 hover:bg-sunken has-checked:border-accent has-checked:bg-accent-soft">
      <input
        type={several ? 'checkbox' : 'radio'}
        name={name}
        checked={chosen.includes(value)}
        onChange={(event) => pick(value, event.target.checked)}
        className="mt-1 size-4 shrink-0 accent-accent"
      />
      <span className="min-w-0 text-[0.95rem] [overflow-wrap:anywhere]">
        <Revealed text={label} />
        {text && (
          <span className="block text-[0.85rem] text-ink-soft">
            <Revealed text={text} />
          </span>
        )}
        {preview && (
          <span className="mt-2 block rounded-lg bg-sunken px-3 py-2 text-[0.88rem]" data-testid="question-preview">
            <Markdown text={preview} />
          </span>
        )}
      </span>
    </label>
  );
}
