import { isFinal } from '@airlock/protocol/executions';
import type { Wait } from '@airlock/protocol/waits';
import { Spinner } from '../../ui/button.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { activityOf } from './activity.ts';
import { ItemView } from './item-view.tsx';
import { Steering } from './steering.tsx';
import type { Timeline } from './timeline.ts';
import type { Item, ItemOf, LiveBlock } from './timeline-item.ts';
import { TodoList } from './todo-list.tsx';

/** The conversation as one list: a block keeps its place in the page from its first live character on. */
export function Conversation({ timeline, owner, wait }: { timeline: Timeline; owner: string; wait: Wait | null }) {
  const { items, live, sessions, status, reason } = timeline;
  const over = status !== null && isFinal(status);
  const shown = [...items, ...live.map(asItem)];
  return (
    <section aria-label="Conversation" className="space-y-4">
      {withSpeakers(shown).map(({ item, speaker }, place) => (
        <div key={item.key} className={isBeneath(item) ? 'ml-2 border-l-2 border-line pl-4' : ''}>
          {speaker && <Speaker of={speaker} sessions={sessions} />}
          <ItemView item={item} live={place >= items.length} over={over} owner={owner} />
        </div>
      ))}
      <Working text={activityOf(timeline, wait)} />
      <TodoList timeline={timeline} />
      <Steering timeline={timeline} owner={owner} />
      {status === 'cancelled' && (
        <p data-testid="cancelled" className="text-sm text-ink-soft [overflow-wrap:anywhere]">
          {reason ?? 'Cancelled'}
        </p>
      )}
    </section>
  );
}

type Spoken = ItemOf<'message' | 'thinking' | 'tool'>;

function asItem({ key, session, kind, text }: LiveBlock): Item {
  return { key, seq: 0, at: '', kind, session, text, parent: null };
}

/** Said or done by a sub-agent. */
function isBeneath(item: Item): boolean {
  return 'parent' in item && item.parent !== null;
}

/** Names who speaks where Claude starts to, and where another session does; retries and requests do not interrupt. */
function withSpeakers(items: readonly Item[]): { item: Item; speaker: Spoken | null }[] {
  let speaking: string | null = null;
  return items.map((item) => {
    if (item.kind === 'retry' || item.kind === 'request') return { item, speaker: null };
    const speaker = 'parent' in item ? `${item.session}/${item.parent ?? ''}` : null;
    const changed = speaker !== speaking;
    speaking = speaker;
    return { item, speaker: changed && 'parent' in item ? item : null };
  });
}

function Speaker({ of: { session, parent }, sessions }: { of: Spoken; sessions: readonly string[] }) {
  const number = sessions.length > 1 ? ` · session ${sessions.indexOf(session) + 1}` : '';
  return (
    <p className="mb-1 text-[0.8rem] font-semibold text-ink-soft">
      {parent === null ? 'Claude' : 'Sub-agent'}
      {number}
    </p>
  );
}

function Working({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p data-testid="working" className="flex items-center gap-2.5 text-sm text-ink-faint">
      <Spinner className="size-3.5" />
      <span>
        <Revealed text={text} />…
      </span>
    </p>
  );
}
