interface MeterProps {
  name: string;
  value: number;
  /** 0: there is none. */
  limit: number;
  /** Both, for people. */
  words: string;
  /** To use all of it is nothing to worry about. */
  mayBeFull?: boolean;
}

/** How much of a limit is in use, as a bar with its figures. */
export function Meter({ name, value, limit, words, mayBeFull = false }: MeterProps) {
  const part = limit > 0 ? Math.min(1, value / limit) : 0;
  const tone = mayBeFull || part < 0.8 ? 'bg-accent' : part < 0.95 ? 'bg-amber' : 'bg-red';
  return (
    <div className="min-w-0 text-sm" data-testid={`meter-${name.toLowerCase()}`}>
      <div className="text-ink-faint">{name}</div>
      <div className="truncate tabular-nums">{words}</div>
      <div aria-hidden="true" className="mt-1.5 h-1.5 overflow-hidden rounded-full bg-line">
        <div className={`h-full rounded-full ${tone}`} style={{ width: `${part * 100}%` }} />
      </div>
    </div>
  );
}
