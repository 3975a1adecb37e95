import { useQuery } from '@tanstack/react-query';
import { systemQuery } from './system.ts';

/** Nobody should take simulated replies for Claude's. */
export function ModelBanner() {
  const { data } = useQuery(systemQuery);
  if (data?.model !== 'simulated') return null;
  return (
    <p
      data-testid="model-banner"
      className="border-b border-line bg-sunken px-4 py-1.5 text-[0.83rem] text-ink-soft md:px-8"
    >
      <strong className="font-semibold text-ink">Simulated model:</strong> replies are scripted. Set{' '}
      <code className="font-mono text-[0.92em]">ANTHROPIC_API_KEY</code> in <code className="font-mono">.env</code> and
      restart to talk to Claude.
    </p>
  );
}
