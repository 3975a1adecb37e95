import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../../lib/api.ts';
import { dropAllDrafts } from '../../lib/draft.ts';
import { Icon } from '../../ui/icons.tsx';

export function SignOutButton({ className, name }: { className: string; name: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const signOut = useMutation({
    mutationFn: api.logout,
    onSuccess: async () => {
      dropAllDrafts();
      await navigate({ to: '/login' });
      client.clear();
    },
  });
  return (
    <button
      type="button"
      data-testid="sign-out"
      className={className}
      disabled={signOut.isPending}
      onClick={() => signOut.mutate()}
      title={`Sign out ${name}`}
      aria-label={`Sign out ${name}`}
    >
      <Icon name="out" className="size-5" />
    </button>
  );
}
