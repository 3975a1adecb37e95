import type { AssignBody } from '@airlock/protocol/api';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { describedBy, Field, inputClass } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';

/** Lets others answer a request, too, with a few words for them. */
export function HandOn({ request }: { request: string }) {
  return (
    <Disclosure summary="Hand on" testId="hand-on">
      {() => <HandOnForm request={request} />}
    </Disclosure>
  );
}

type To = 'user' | 'member' | 'admin';

function HandOnForm({ request }: { request: string }) {
  const id = useId();
  const [to, setTo] = useState<To>('user');
  const [user, setUser] = useState('');
  const [note, setNote] = useState('');
  const handing = useMutation({ mutationFn: (body: AssignBody) => api.assign(request, body) });
  const error = handing.error && ApiError.from(handing.error);
  const wrong = error?.fields.to ?? [];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const words = note.trim() === '' ? {} : { note: note.trim() };
    handing.mutate({ to: to === 'user' ? { user: user.trim() } : { role: to }, ...words });
  };
  return (
    <form onSubmit={submit} className="space-y-4 pt-2">
      <Field id={`${id}-to`} label="To">
        <select id={`${id}-to`} className={inputClass} value={to} onChange={(event) => setTo(event.target.value as To)}>
          <option value="user">A user</option>
          <option value="member">Every member</option>
          <option value="admin">Administrators</option>
        </select>
      </Field>
      {to === 'user' && (
        <Field id={`${id}-user`} label="Name" errors={wrong}>
          <input
            id={`${id}-user`}
            data-testid="hand-on-user"
            required
            maxLength={100}
            className={inputClass}
            value={user}
            aria-invalid={wrong.length > 0}
            aria-describedby={describedBy({ id: `${id}-user` })}
            onChange={(event) => setUser(event.target.value)}
          />
        </Field>
      )}
      <Field id={`${id}-note`} label="What they should know">
        <input
          id={`${id}-note`}
          data-testid="hand-on-note"
          maxLength={1_000}
          className={inputClass}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </Field>
      {error && wrong.length === 0 && <ErrorNotice error={error} />}
      {handing.isSuccess && <p role="status">Handed on; whoever started the execution may still answer.</p>}
      <Button type="submit" busy={handing.isPending} data-testid="hand-on-submit">
        Hand on
      </Button>
    </form>
  );
}
