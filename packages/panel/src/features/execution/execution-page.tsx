import type { Execution } from '@airlock/protocol/api';
import { Link, useParams } from '@tanstack/react-router';
import { Tabs } from 'radix-ui';
import { ApiError } from '../../lib/api-error.ts';
import { useTitle } from '../../lib/title.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Loading } from '../../ui/card.tsx';
import { Icon } from '../../ui/icons.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { useMe } from '../auth/me.ts';
import { ExecutionFiles } from '../files/execution-files.tsx';
import { WorkspaceView } from '../files/workspace-view.tsx';
import { waitNow } from '../status/wait-note.ts';
import { Announcer } from './announcer.tsx';
import { Conversation } from './conversation.tsx';
import { ExecutionHeader } from './execution-header.tsx';
import { LogView } from './log-view.tsx';
import { SetupView } from './setup-view.tsx';
import { useStickToBottom } from './stick-to-bottom.ts';
import type { Timeline } from './timeline.ts';
import type { TimelineView } from './timeline-store.ts';
import { useExecution, useTimeline } from './use-execution.ts';
import { type WaitsFor, waitsFor } from './waiting.ts';

export function ExecutionPage() {
  const { id } = useParams({ from: '/signed-in/executions/$id' });
  return <ExecutionById key={id} id={id} />;
}

function ExecutionById({ id }: { id: string }) {
  const view = useTimeline(id);
  const { data, error } = useExecution(id, view.timeline.recordSeq);
  const me = useMe();
  const waits = waitsFor(view.timeline, me, data?.user ?? me.name);
  useTitle(data?.title ?? 'Execution', waits === 'me');
  if (data) return <ExecutionView execution={data} view={view} waits={waits} />;
  if (error) return <FailedExecution error={ApiError.from(error)} />;
  return (
    <Page title="Execution">
      <Loading label="Loading the execution" />
    </Page>
  );
}

function FailedExecution({ error }: { error: ApiError }) {
  const missing = error.status === 404 || error.status === 400;
  return (
    <Page title={missing ? 'There is no such execution' : 'The execution could not be loaded'}>
      <ErrorNotice error={error}>
        <Link to="/executions" className={buttonClass('plain')}>
          All executions
        </Link>
      </ErrorNotice>
    </Page>
  );
}

interface ExecutionViewProps {
  execution: Execution;
  view: TimelineView;
  waits: WaitsFor;
}

function ExecutionView({ execution, view, waits }: ExecutionViewProps) {
  const { timeline, failure } = view;
  const { away, jump } = useStickToBottom(timeline);
  return (
    <>
      <ExecutionHeader
        execution={execution}
        status={timeline.status ?? execution.status}
        endedAt={execution.endedAt ?? timeline.endedAt}
        forOthers={waits === 'others'}
        context={Object.values(timeline.context).at(-1) ?? null}
      />
      <Announcer timeline={timeline} waits={waits} />
      <div className="mx-auto w-full max-w-3xl px-4 pt-3 pb-8 md:px-8">
        <Views execution={execution} timeline={timeline} />
        {failure && (
          <div className="mt-5">
            <ErrorNotice error={failure} />
          </div>
        )}
      </div>
      {away && <JumpButton onClick={jump} />}
    </>
  );
}

const tabClass =
  'min-h-9 -outline-offset-2 border-b-2 border-transparent px-1 text-sm font-medium text-ink-soft hover:text-ink ' +
  'data-[state=active]:border-accent data-[state=active]:text-ink';

function Views({ execution, timeline }: { execution: Execution; timeline: Timeline }) {
  const files = fileCount(timeline);
  const wait = waitNow({ status: timeline.status ?? execution.status, waitsFor: execution.waitsFor });
  return (
    <Tabs.Root defaultValue="conversation">
      <Tabs.List aria-label="Views" className="mb-6 flex gap-5 overflow-x-auto border-b border-line max-sm:gap-3.5">
        <Tabs.Trigger value="conversation" className={tabClass}>
          Conversation
        </Tabs.Trigger>
        <Tabs.Trigger value="files" className={tabClass} data-testid="tab-files">
          Files {files > 0 && <span className="text-ink-faint tabular-nums">{files}</span>}
        </Tabs.Trigger>
        {hasSession(timeline) && (
          <Tabs.Trigger value="workspace" className={tabClass} data-testid="tab-workspace">
            Workspace
          </Tabs.Trigger>
        )}
        <Tabs.Trigger value="setup" className={tabClass} data-testid="tab-setup">
          Setup
        </Tabs.Trigger>
        <Tabs.Trigger value="log" className={tabClass} data-testid="tab-log">
          Log {timeline.log.length > 0 && <span className="text-ink-faint tabular-nums">{timeline.log.length}</span>}
        </Tabs.Trigger>
      </Tabs.List>
      {/* Stays mounted: a half-written answer must survive a look at the log. */}
      <Tabs.Content value="conversation" forceMount tabIndex={-1} className="outline-none data-[state=inactive]:hidden">
        <Conversation timeline={timeline} owner={execution.user} wait={wait} />
      </Tabs.Content>
      <Tabs.Content value="files" tabIndex={-1} className="outline-none">
        <ExecutionFiles id={execution.id} count={timeline.items.filter(({ kind }) => kind === 'upload').length} />
      </Tabs.Content>
      <Tabs.Content value="workspace" tabIndex={-1} className="outline-none">
        <WorkspaceView id={execution.id} moment={momentOf(timeline)} />
      </Tabs.Content>
      <Tabs.Content value="setup" tabIndex={-1} className="outline-none">
        <SetupView sessions={timeline.sessions} seq={timeline.recordSeq} />
      </Tabs.Content>
      <Tabs.Content value="log" tabIndex={-1} className="outline-none">
        <LogView id={execution.id} inputs={timeline.inputs ?? execution.inputs} log={timeline.log} />
      </Tabs.Content>
    </Tabs.Root>
  );
}

/** Files the execution has been told of. */
function fileCount({ items }: Timeline): number {
  return new Set(items.flatMap((item) => (item.kind === 'upload' ? item.files.map(({ path }) => path) : []))).size;
}

function hasSession({ items }: Timeline): boolean {
  return items.some(({ kind }) => kind === 'prompt');
}

/** Changes whenever a turn begins or ends. */
function momentOf({ items, working }: Timeline): string {
  return `${items.filter(({ kind }) => kind === 'prompt').length} ${working ?? ''}`;
}

function JumpButton({ onClick }: { onClick: () => void }) {
  return (
    <div className="pointer-events-none sticky bottom-28 z-20 flex justify-center md:bottom-14">
      <Button onClick={onClick} data-testid="jump-to-latest" className="pointer-events-auto rounded-full shadow-float">
        <Icon name="down" className="size-4" /> Jump to latest
      </Button>
    </div>
  );
}
