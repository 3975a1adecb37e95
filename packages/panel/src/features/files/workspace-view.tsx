import type { Workspace } from '@airlock/protocol/files/workspace';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, workspaceZipPath } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Empty, Loading } from '../../ui/card.tsx';
import { inputClass } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { WorkspaceChanges } from './workspace-changes.tsx';
import { WorkspaceFolder } from './workspace-folder.tsx';

interface WorkspaceViewProps {
  id: string;
  /** Changes whenever a turn begins or ends: it is looked at again then. */
  moment: string;
}

/** What is in the workspace of a conversation, and what changed there. */
export function WorkspaceView({ id, moment }: WorkspaceViewProps) {
  const [chosen, choose] = useState<string>();
  const { data, error } = useQuery({
    queryKey: ['workspace', id, chosen, '', moment],
    queryFn: () => api.workspace(id, { session: chosen }),
    placeholderData: keepPreviousData,
  });
  if (error) return <ErrorNotice error={ApiError.from(error)} />;
  if (!data) return <Loading label="Loading the workspace" rows={2} />;
  const { session } = data;
  return (
    <div className="space-y-8" data-testid="workspace">
      {data.sessions.length > 1 && <SessionChoice data={data} onChoose={choose} />}
      {data.isCut && (
        <p className="text-sm text-ink-soft">
          There is more in this workspace than is looked at: not all of it is shown, and changes may be missing.
        </p>
      )}
      <WorkspaceChanges key={session.id} id={id} session={session.id} turns={data.turns} moment={moment} />
      <section aria-label="In the workspace" data-testid="workspace-files">
        <div className="mb-2 flex min-h-10 items-center justify-between gap-3">
          <h2 className="text-sm font-semibold">In the workspace</h2>
          {data.items.length > 0 && (
            <a href={workspaceZipPath(id, session.id)} download className={buttonClass('plain')}>
              Download all
            </a>
          )}
        </div>
        {data.items.length === 0 ? (
          <Empty title="Nothing yet">
            What Claude makes in <code>/workspace</code> appears here.
          </Empty>
        ) : (
          <WorkspaceFolder id={id} session={session.id} folder="" moment={moment} />
        )}
      </section>
    </div>
  );
}

function SessionChoice({ data, onChoose }: { data: Workspace; onChoose: (session: string) => void }) {
  return (
    <label className="block text-sm font-medium">
      Conversation
      <select
        className={`${inputClass} mt-1`}
        value={data.session.id}
        onChange={({ target }) => onChoose(target.value)}
        data-testid="workspace-session"
      >
        {data.sessions.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
