import { type ReactNode, useId, useRef } from 'react';
import type { ApiError } from '../../lib/api-error.ts';
import { formatMoment, plural } from '../../lib/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { explainRefusal } from './answer-refusal.ts';
import { useArrivalFocus } from './arrival-focus.ts';
import { HandOn } from './hand-on.tsx';

/** What every request has for whoever looks at it. */
export interface RequestProps {
  request: string;
  expiresAt: string | null;
  /** Who may answer, when the person who looks may not; else null. */
  answerers: string | null;
  /** Why it is asked of the person who looks, where that needs saying. */
  why: string | null;
  /** How it was handed on, in a sentence, and with what words. */
  handed: { how: string; note: string | null } | null;
  reminders: number;
}

interface RequestFrameProps extends RequestProps {
  title: string;
  testId: string;
  focusField: boolean;
  children: ReactNode;
}

/** The card around whatever waits for a person: amber, and focused when it appears, for those who may answer. */
export function RequestFrame({ answerers, children, ...about }: RequestFrameProps) {
  if (answerers === null) return <OpenFrame {...about}>{children}</OpenFrame>;
  return (
    <ReadOnlyFrame {...about} answerers={answerers}>
      {children}
    </ReadOnlyFrame>
  );
}

function ReadOnlyFrame({ title, expiresAt, answerers, handed, children }: RequestFrameProps) {
  const heading = useId();
  return (
    <section
      aria-labelledby={heading}
      data-testid="request-read-only"
      className="overflow-hidden rounded-xl border border-line bg-surface shadow-card"
    >
      <h2
        id={heading}
        className="flex flex-wrap items-center gap-2 border-b border-line bg-sunken px-5 py-2.5 text-sm font-semibold text-ink-soft"
      >
        {title}
        <Deadline expiresAt={expiresAt} />
      </h2>
      <div className="space-y-4 p-5">
        <p className="text-sm text-ink-soft" data-testid="answerers">
          To be answered by {answerers}.
        </p>
        <HandedNote handed={handed} />
        {children}
      </div>
    </section>
  );
}

function HandedNote({ handed }: Pick<RequestProps, 'handed'>) {
  if (handed === null) return null;
  return (
    <p data-testid="handed" className="text-sm text-ink-soft [overflow-wrap:anywhere]">
      {handed.how}
      {handed.note && <>: “{<Revealed text={handed.note} />}”</>}
    </p>
  );
}

function Deadline({ expiresAt }: { expiresAt: string | null }) {
  if (expiresAt === null) return null;
  return <span className="ml-auto text-[0.8rem] font-normal tabular-nums">until {formatMoment(expiresAt)}</span>;
}

function OpenFrame({
  request,
  title,
  testId,
  expiresAt,
  focusField,
  why,
  handed,
  reminders,
  children,
}: Omit<RequestFrameProps, 'answerers'>) {
  const frame = useRef<HTMLElement>(null);
  const heading = useId();
  useArrivalFocus(frame, focusField);
  return (
    <section
      ref={frame}
      tabIndex={-1}
      aria-labelledby={heading}
      data-testid={testId}
      className="overflow-hidden rounded-xl border border-amber-line bg-surface shadow-card outline-none"
    >
      <h2
        id={heading}
        className="flex flex-wrap items-center gap-2 border-b border-amber-line bg-amber-soft px-5 py-2.5 text-sm font-semibold text-amber"
      >
        <Icon name="hand" className="size-4.5" />
        {title}
        {reminders > 0 && <span className="text-[0.8rem] font-normal">reminded {plural(reminders, 'time')}</span>}
        <Deadline expiresAt={expiresAt} />
      </h2>
      <div className="space-y-4 p-5">
        {why && (
          <p data-testid="why" className="text-sm text-ink-soft [overflow-wrap:anywhere]">
            {why}
          </p>
        )}
        <HandedNote handed={handed} />
        {children}
        <HandOn request={request} />
      </div>
    </section>
  );
}

/** Why an answer was not taken, brought into view with the buttons below it. */
export function AnswerFailure({ error }: { error: ApiError | null }) {
  if (error === null || (error.status === 422 && Object.keys(error.fields).length > 0)) return null;
  return (
    <div ref={bringIntoView} className="scroll-mb-40">
      <FailureNotice error={error} />
    </div>
  );
}

function bringIntoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' });
}

function FailureNotice({ error }: { error: ApiError }) {
  const refusal = explainRefusal(error);
  if (refusal === null) return <ErrorNotice error={error} testId="answer-error" />;
  return (
    <Notice tone="attention" title={refusal.title} testId={refusal.late ? 'answer-late' : 'answer-refused'}>
      {error.detail && <p className="text-ink-soft [overflow-wrap:anywhere]">{error.detail}</p>}
      <p className="mt-1 text-ink-soft">{refusal.kept}</p>
    </Notice>
  );
}
