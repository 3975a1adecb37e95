import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { ApiError } from '../lib/api-error.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { Mark } from '../ui/icons.tsx';
import { ErrorNotice } from '../ui/notice.tsx';

export function MissingPage() {
  return (
    <main className="mx-auto flex max-w-md flex-col items-center px-6 py-24 text-center">
      <Mark className="size-12" />
      <h1 className="mt-6 text-2xl font-semibold tracking-tight">There is nothing here</h1>
      <p className="mt-2 text-ink-soft">This address leads nowhere. What it named may have been deleted.</p>
      <Link to="/" className={`${buttonClass('primary')} mt-6`}>
        Go to the services
      </Link>
    </main>
  );
}

/** Catches whatever a page throws; the rest of the panel goes on. */
export function BrokenPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = (): void => {
    reset();
    void router.invalidate();
  };
  return (
    <main className="mx-auto max-w-xl px-6 py-20">
      <h1 className="sr-only">Something went wrong</h1>
      <ErrorNotice error={ApiError.from(error)}>
        <Button onClick={again}>Try again</Button>
      </ErrorNotice>
    </main>
  );
}
