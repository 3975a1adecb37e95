import { type ExecutionStatus, isFinal } from '@airlock/protocol/executions';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { deletionKey } from './use-execution.ts';

interface ExecutionActionsProps {
  id: string;
  status: ExecutionStatus;
  /** Asked to end, and on its way. */
  stopping: boolean;
}

export function ExecutionActions({ id, status, stopping }: ExecutionActionsProps) {
  return isFinal(status) ? <DeleteAction id={id} /> : <CancelAction id={id} stopping={stopping} />;
}

function CancelAction({ id, stopping }: { id: string; stopping: boolean }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => api.cancel(id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['execution', id] }),
  });
  return (
    <>
      <ConfirmDialog
        trigger={
          <Button busy={cancel.isPending || stopping} data-testid="cancel">
            {stopping ? 'Stopping' : 'Cancel'}
          </Button>
        }
        title="Cancel this execution?"
        text="Claude stops where it is and open requests are withdrawn. The conversation so far is kept; it cannot go on."
        action="Cancel execution"
        keep="Let it run"
        onConfirm={() => cancel.mutate()}
      />
      <Failed error={cancel.error} />
    </>
  );
}

function DeleteAction({ id }: { id: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationKey: deletionKey(id),
    mutationFn: () => api.remove(id),
    onSuccess: async () => {
      await navigate({ to: '/executions' });
      client.removeQueries({ queryKey: ['execution', id] });
      await client.invalidateQueries({ queryKey: ['executions'] });
    },
  });
  return (
    <>
      <ConfirmDialog
        trigger={
          <Button look="quiet" busy={remove.isPending} data-testid="delete">
            Delete
          </Button>
        }
        title="Delete this execution?"
        text="Its conversation, files and result are removed for good."
        action="Delete for good"
        keep="Keep it"
        onConfirm={() => remove.mutate()}
      />
      <Failed error={remove.error} />
    </>
  );
}

function Failed({ error }: { error: Error | null }) {
  return error ? (
    <div className="w-full">
      <ErrorNotice error={ApiError.from(error)} />
    </div>
  ) : null;
}
