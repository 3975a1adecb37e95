import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { api } from '../../lib/api.ts';
import { ApiError } from '../../lib/api-error.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Mark } from '../../ui/icons.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { meQuery } from './me.ts';

/** Only a path of this site: anything else could lead away right after the password was typed. */
function safeNext(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/';
}

function useSignIn() {
  const client = useQueryClient();
  const router = useRouter();
  const { next } = useSearch({ from: '/login' });
  return useMutation({
    mutationFn: ({ name, password }: { name: string; password: string }) => api.login(name, password),
    onSuccess: (user) => {
      client.clear();
      client.setQueryData(meQuery.queryKey, user);
      router.history.push(safeNext(next));
    },
  });
}

export function SignInPage() {
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const passwordInput = useRef<HTMLInputElement>(null);
  const signIn = useSignIn();
  useEffect(() => {
    document.title = 'Sign in · Airlock';
    passwordInput.current?.focus();
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn.mutate({ name, password }, { onError: () => passwordInput.current?.select() });
  };
  const missing = name === '' || password === '';
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center px-5 py-10">
      <div className="w-full max-w-[22rem]">
        <div className="mb-7 flex flex-col items-center text-center">
          <Mark className="size-12" />
          <h1 className="mt-4 text-2xl font-semibold tracking-tight">Airlock</h1>
          <p className="mt-1 text-sm text-ink-soft">Claude agents in sealed containers, people at the controls</p>
        </div>
        <Card className="p-6">
          <form onSubmit={submit} className="space-y-4">
            <Field id="name" label="Name">
              <input
                id="name"
                data-testid="login-name"
                className={inputClass}
                value={name}
                onChange={(event) => setName(event.target.value)}
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
              />
            </Field>
            <Field id="password" label="Password">
              <input
                id="password"
                ref={passwordInput}
                data-testid="login-password"
                type="password"
                className={inputClass}
                value={password}
                onChange={(event) => setPassword(event.target.value)}
                autoComplete="current-password"
                aria-invalid={signIn.isError}
              />
            </Field>
            {signIn.isError && <ErrorNotice error={ApiError.from(signIn.error)} testId="login-error" />}
            <Button
              type="submit"
              look="primary"
              className="w-full"
              busy={signIn.isPending}
              disabled={missing}
              data-testid="login-submit"
            >
              Sign in
            </Button>
          </form>
        </Card>
        <p className="mt-5 text-center text-[0.83rem] text-ink-faint">
          The password of <span className="font-medium">admin</span> is printed once, when Airlock starts for the first
          time.
        </p>
      </div>
    </main>
  );
}
