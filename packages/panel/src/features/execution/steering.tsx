import { isFinal } from '@airlock/protocol/executions';
import type { Facts } from '@airlock/protocol/facts';
import { permissionModeSchema } from '@airlock/protocol/grants';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useId } from 'react';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { useDraft } from '../../lib/draft.ts';
import { Button } from '../../ui/button.tsx';
import { inputClass } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { useMe } from '../auth/me.ts';
import { submitOnEnter } from '../forms/submit-shortcut.ts';
import { CommandList } from './command-list.tsx';
import type { Timeline } from './timeline.ts';

/** A word to Claude while it works, for those who may: at its next step, or a stop. */
export function Steering({ timeline, owner }: { timeline: Timeline; owner: string }) {
  const me = useMe();
  const { working, status } = timeline;
  const mayNot = me.name !== owner && me.role !== 'admin';
  if (working === null || mayNot || (status !== null && isFinal(status))) return null;
  return <Steer key={working} session={working} commands={timeline.facts[working]?.commands ?? []} />;
}

function Steer({ session, commands }: { session: string; commands: Facts['commands'] }) {
  const id = useId();
  const { draft, set, drop } = useDraft(`session:${session}`, { text: '' });
  const text = typeof draft.text === 'string' ? draft.text : '';
  const say = useMutation({
    mutationFn: () => api.say(session, text),
    onSuccess: () => {
      set('text', '');
      drop();
    },
  });
  const stop = useMutation({ mutationFn: () => api.interrupt(session) });
  const change = useMutation({
    mutationFn: (mode: string) => api.changeSession(session, { permissionMode: permissionModeSchema.parse(mode) }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '' && !say.isPending) say.mutate();
  };
  const error = say.error ?? stop.error ?? change.error;
  return (
    <form onSubmit={submit} className="space-y-3 border-t border-line pt-4" data-testid="steering">
      <label htmlFor={id} className="sr-only">
        Say something to Claude while it works
      </label>
      <textarea
        id={id}
        data-testid="steer-text"
        rows={1}
        maxLength={100_000}
        placeholder="Say something to Claude while it works"
        className={`${inputClass} field-sizing-content max-h-48`}
        value={text}
        onKeyDown={submitOnEnter}
        onChange={(event) => set('text', event.target.value)}
      />
      <CommandList commands={commands} text={text} onChoose={(command) => set('text', command)} />
      {error && <ErrorNotice error={ApiError.from(error)} />}
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" busy={say.isPending} disabled={text.trim() === ''} data-testid="steer-say">
          Send at the next step
        </Button>
        <Button look="danger" busy={stop.isPending} data-testid="steer-stop" onClick={() => stop.mutate()}>
          Stop Claude
        </Button>
        <ModeChoice busy={change.isPending} onChoose={(mode) => change.mutate(mode)} />
      </div>
    </form>
  );
}

const modes = [
  ['default', 'Ask before changes'],
  ['acceptEdits', 'Edit files without asking'],
  ['plan', 'Plan only'],
] as const;

function ModeChoice({ busy, onChoose }: { busy: boolean; onChoose: (mode: string) => void }) {
  return (
    <div className="ml-auto w-60">
      <select
        aria-label="How Claude works from now on"
        data-testid="steer-mode"
        disabled={busy}
        value=""
        onChange={(event) => onChoose(event.target.value)}
        className={inputClass}
      >
        <option value="" disabled>
          Work differently…
        </option>
        {modes.map(([mode, label]) => (
          <option key={mode} value={mode}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}
