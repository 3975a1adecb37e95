import type { ReactNode } from 'react';
import type { ApiError } from '../lib/api-error.ts';
import { Icon } from './icons.tsx';

interface NoticeProps {
  tone: 'error' | 'attention';
  title: string;
  children?: ReactNode;
  testId?: string;
}

const tones = {
  error: 'border-red-line bg-red-soft',
  attention: 'border-amber-line bg-amber-soft',
};

export function Notice({ tone, title, children, testId }: NoticeProps) {
  return (
    <div
      role={tone === 'error' ? 'alert' : 'status'}
      data-testid={testId}
      className={`flex gap-3 rounded-xl border px-4 py-3 ${tones[tone]}`}
    >
      <Icon name="alert" className={`mt-0.5 size-5 ${tone === 'error' ? 'text-red' : 'text-amber'}`} />
      <div className="min-w-0 flex-1 text-sm">
        <p className="font-semibold text-ink">{title}</p>
        {children}
      </div>
    </div>
  );
}

type Told = Pick<ApiError, 'title' | 'detail' | 'fix'>;

/** What happened, what is particular to it, what to do. */
export function ErrorNotice({ error, testId, children }: { error: Told; testId?: string; children?: ReactNode }) {
  return (
    <Notice tone="error" title={error.title} {...(testId && { testId })}>
      {error.detail && (
        <p className="mt-0.5 whitespace-pre-wrap text-ink-soft [overflow-wrap:anywhere]">{error.detail}</p>
      )}
      {error.fix && <p className="mt-1.5 text-ink">{error.fix}</p>}
      {children && <div className="mt-3">{children}</div>}
    </Notice>
  );
}
