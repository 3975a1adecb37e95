import { executionStatusSchema } from '@airlock/protocol/executions';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { inputClass } from '../../ui/field.tsx';
import { FilterChips } from '../../ui/filter-chips.tsx';
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
  return (
    <FilterChips
      label="Status"
      options={[undefined, ...executionStatusSchema.options]}
      chosen={search.status}
      text={(status) => (status === undefined ? 'All' : statusLabel(status))}
      onChoose={(status) => void navigate({ search: (before) => ({ ...before, status }), replace: true })}
    />
  );
}
