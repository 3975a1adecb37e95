import type { ReactNode } from 'react';

interface PageProps {
  title: string;
  lead?: string;
  children: ReactNode;
}

export function Page({ title, lead, children }: PageProps) {
  return (
    <div className="mx-auto w-full max-w-4xl px-4 py-6 md:px-8 md:py-10">
      <h1 className="text-[1.65rem] leading-tight font-semibold tracking-tight">{title}</h1>
      {lead && <p className="mt-1 text-ink-soft">{lead}</p>}
      <div className="mt-6 space-y-5">{children}</div>
    </div>
  );
}
