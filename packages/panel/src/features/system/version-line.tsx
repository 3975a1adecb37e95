import { useQuery } from '@tanstack/react-query';
import { systemQuery } from './system.ts';

export function VersionLine() {
  const { data } = useQuery(systemQuery);
  if (!data) return null;
  const engine = data.engine ? `${data.engine.name} ${data.engine.version}` : 'no engine';
  return (
    <p className="px-2 text-[0.78rem] leading-snug text-ink-faint tabular-nums">
      Airlock {data.version}
      <br />
      {engine}
    </p>
  );
}
