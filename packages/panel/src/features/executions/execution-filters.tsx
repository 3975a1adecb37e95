import { executionStatusSchema } from '@airlock/protocol/executions';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { inputClass } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { statusLabel } from '../status/status-chip.tsx';
import type { ExecutionsSearch } from './executions-search.ts';

const typingMs = 250;

export function ExecutionFilters({ search }: { search: ExecutionsSearch }) {
  return (
    <search className="flex flex-col gap-3">
      <SearchBox search={search} />
      <StatusFilter search={search} />
    </search>
  );
}

function SearchBox({ search }: { search: ExecutionsSearch }) {
  const navigate = useNavigate({ from: '/executions' });
  const [typed, setTyped] = useState(search.q ?? '');
  const { q } = search;
  useEffect(() => {
    if (typed === (q ?? '')) return;
    const timer = setTimeout(() => {
      void navigate({ search: (before) => ({ ...before, q: typed || undefined }), replace: true });
    }, typingMs);
    return () => clearTimeout(timer);
  }, [typed, q, navigate]);
  return (
    <div className="relative">
      <Icon name="search" className="absolute top-1/2 left-3 size-4.5 -translate-y-1/2 text-ink-faint" />
      <input
        type="search"
        aria-label="Search executions"
        placeholder="Search"
        data-testid="executions-search"
        className={`${inputClass} pl-10`}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}

function StatusFilter({ search }: { search: ExecutionsSearch }) {
  const navigate = useNavigate({ from: '/executions' });
  const options = [undefined, ...executionStatusSchema.options];
  return (
    <fieldset className="-mx-4 flex gap-1.5 overflow-x-auto px-4 py-0.5 [scrollbar-width:none] md:mx-0 md:flex-wrap md:px-0">
      <legend className="sr-only">Status</legend>
      {options.map((status) => (
        <button
          key={status ?? 'all'}
          type="button"
          aria-pressed={search.status === status}
          data-testid={`filter-${status ?? 'all'}`}
          onClick={() => void navigate({ search: (before) => ({ ...before, status }), replace: true })}
          className="min-h-9 rounded-full border border-line-strong bg-surface px-3.5 text-sm whitespace-nowrap text-ink-soft hover:bg-sunken aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent"
        >
          {status === undefined ? 'All' : statusLabel(status)}
        </button>
      ))}
    </fieldset>
  );
}
