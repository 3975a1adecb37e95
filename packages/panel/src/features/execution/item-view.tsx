import { memo, type ReactNode } from 'react';
import { Card } from '../../ui/card.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Revealed } from '../../ui/revealed.tsx';
import { RequestView } from './request-view.tsx';
import { retryText } from './retry-text.ts';
import { ShownView } from './shown-view.tsx';
import { TaskLine } from './task-line.tsx';
import type { Item, ItemOf } from './timeline-item.ts';
import { ToolCall } from './tool-call.tsx';

interface ItemViewProps {
  item: Item;
  /** Still being written. */
  live: boolean;
  /** The execution has ended. */
  over: boolean;
  /** Whose execution it is. */
  owner: string;
}

export const ItemView = memo(function ItemView({ item, live, over, owner }: ItemViewProps) {
  switch (item.kind) {
    case 'prompt':
      return <Prompt item={item} />;
    case 'message':
      return (
        <div data-testid={live ? 'live-text' : 'message'}>
          <Markdown text={item.text} live={live} />
        </div>
      );
    case 'thinking':
      return <Thinking text={item.text} live={live} />;
    case 'tool':
      return <ToolCall item={item} over={over} />;
    case 'task':
      return <TaskLine item={item} over={over} owner={owner} />;
    case 'request':
      return <RequestView item={item} over={over} owner={owner} />;
    case 'retry':
      return <Line icon="retry" testId="retry" text={<Revealed text={retryText(item.retry)} />} />;
    case 'session':
      return <Line text={[sessionTexts[item.state], item.detail].filter(Boolean).join(' · ')} />;
    case 'error':
      return <ErrorNotice error={item.error} testId="error-card" />;
    case 'upload':
      return <Line icon="file" text={`Files: ${item.files.map(({ path }) => path).join(', ')}`} />;
    case 'agent':
      return <Disclosure summary="Agent">{() => <CodeBlock text={JSON.stringify(item.body, null, 2)} />}</Disclosure>;
    case 'shown':
      return <ShownView shown={item.shown} />;
    case 'final':
      return <Summary item={item} />;
  }
});

function Prompt({ item }: { item: ItemOf<'prompt'> }) {
  return (
    <div className="flex flex-col items-end pl-[12%]">
      {item.by && <span className="mb-1 text-[0.8rem] text-ink-faint">{item.by}</span>}
      <div
        data-testid="prompt"
        className="max-w-full rounded-2xl rounded-tr-md bg-accent-soft px-4 py-2.5 whitespace-pre-wrap [overflow-wrap:anywhere]"
      >
        {item.text}
      </div>
    </div>
  );
}

function Thinking({ text, live }: { text: string; live: boolean }) {
  return (
    <Disclosure
      icon="thought"
      testId={live ? 'live-thinking' : 'thinking'}
      summary={<span className={live ? 'lamp-pulse' : ''}>{live ? 'Thinking…' : 'Thought'}</span>}
    >
      {() => (
        <p className="border-l-2 border-line-strong pl-4 text-[0.93rem] whitespace-pre-wrap text-ink-soft [overflow-wrap:anywhere]">
          {text}
        </p>
      )}
    </Disclosure>
  );
}

function Summary({ item }: { item: ItemOf<'final'> }) {
  return (
    <Card data-testid="summary" className="overflow-hidden">
      <h2 className="flex items-center gap-2 border-b border-line px-5 py-2.5 text-sm font-semibold">
        <Icon name="check" className="size-4.5 text-green" />
        Summary
      </h2>
      <div className="px-5 py-4">
        <ShownView shown={item.shown} />
      </div>
    </Card>
  );
}

function Line({ icon, text, testId }: { icon?: IconName; text: ReactNode; testId?: string }) {
  return (
    <p data-testid={testId} className="flex items-center gap-2 text-[0.83rem] text-ink-faint [overflow-wrap:anywhere]">
      {icon && <Icon name={icon} className="size-4" />}
      {text}
    </p>
  );
}

const sessionTexts: Record<ItemOf<'session'>['state'], string> = {
  starting: 'Starting the sealed container',
  queued: 'Waits for room for its container',
  ready: 'Container ready',
  attached: 'Connected to the container again',
  unreachable: 'The container cannot be reached, trying again',
  resumed: 'A new container, the conversation goes on',
  resting: 'Container lost, a new one starts with the next message',
  hibernated: 'Asleep: it gave up its container and wakes with your answer',
  interrupted: 'Stopped',
  changed: 'Changed',
  ended: 'Container ended',
  lost: 'Container lost',
};
