import { type ReactNode, useId, useRef } from 'react';
import type { ApiError } from '../../lib/api-error.ts';
import { formatMoment } from '../../lib/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { ErrorNotice, Notice } from '../../ui/notice.tsx';
import { useArrivalFocus } from './arrival-focus.ts';

interface RequestFrameProps {
  title: string;
  testId: string;
  expiresAt: string | null;
  focusField: boolean;
  children: ReactNode;
}

/** The amber card around whatever waits for a person. It takes the focus when it appears. */
export function RequestFrame({ title, testId, expiresAt, focusField, children }: RequestFrameProps) {
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
        {expiresAt && (
          <span className="ml-auto text-[0.8rem] font-normal tabular-nums">until {formatMoment(expiresAt)}</span>
        )}
      </h2>
      <div className="p-5">{children}</div>
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

/** Somebody else having been faster is no error. */
function FailureNotice({ error }: { error: ApiError }) {
  if (error.status !== 409 && error.status !== 410) return <ErrorNotice error={error} testId="answer-error" />;
  return (
    <Notice tone="attention" title={error.title} testId="answer-late">
      <p className="text-ink-soft">{error.detail}</p>
      <p className="mt-1 text-ink-soft">What you typed is kept until you leave this tab.</p>
    </Notice>
  );
}
