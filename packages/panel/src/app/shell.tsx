import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useInboxCount } from '../features/inbox/inbox.ts';
import { ModelBanner } from '../features/system/model-banner.tsx';
import { VersionLine } from '../features/system/version-line.tsx';
import { Icon, type IconName, Mark } from '../ui/icons.tsx';
import { AccountMenu } from './account-menu.tsx';
import { ConnectionBanner } from './connection-banner.tsx';

interface Place {
  to: '/' | '/executions' | '/inbox';
  label: string;
  icon: IconName;
  /** Paths below which the place is the current one. */
  holds: (pathname: string) => boolean;
}

const places: readonly Place[] = [
  { to: '/', label: 'Services', icon: 'services', holds: (path) => path === '/' || path.startsWith('/services') },
  { to: '/executions', label: 'Executions', icon: 'executions', holds: (path) => path.startsWith('/executions') },
  { to: '/inbox', label: 'Inbox', icon: 'inbox', holds: (path) => path.startsWith('/inbox') },
];

/** The frame around every page of a signed-in person: a rail on wide screens, bars above and below on phones. */
export function Shell() {
  return (
    <div className="md:grid md:min-h-dvh md:grid-cols-[13.5rem_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-lg bg-accent px-4 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <Rail />
      <TopBar />
      <div className="min-w-0 pb-20 md:pb-0">
        <ConnectionBanner />
        <ModelBanner />
        <main id="main" tabIndex={-1} className="outline-none">
          <Outlet />
        </main>
      </div>
      <BottomBar />
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className="flex items-center gap-2.5 rounded-lg text-[1.05rem] font-semibold tracking-tight">
      <Mark /> Airlock
    </Link>
  );
}

function Rail() {
  return (
    <div className="sticky top-0 hidden h-dvh flex-col gap-6 border-r border-line bg-surface px-3 py-5 md:flex">
      <div className="px-2">
        <Brand />
      </div>
      <nav aria-label="Main" className="flex flex-1 flex-col gap-0.5">
        {places.map((place) => (
          <PlaceLink
            key={place.to}
            place={place}
            className="min-h-10 gap-3 rounded-lg px-3 text-[0.93rem]"
            current="bg-accent-soft text-accent"
          />
        ))}
      </nav>
      <div className="space-y-3 px-1">
        <AccountMenu />
        <VersionLine />
      </div>
    </div>
  );
}

function TopBar() {
  return (
    <header className="flex items-center justify-between border-b border-line bg-surface px-4 py-2 md:hidden">
      <Brand />
      <AccountMenu compact />
    </header>
  );
}

function BottomBar() {
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-3 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {places.map((place) => (
        <PlaceLink
          key={place.to}
          place={place}
          className="min-h-14 flex-col justify-center gap-0.5 text-[0.75rem]"
          current="text-accent"
        />
      ))}
    </nav>
  );
}

function PlaceLink({ place, className, current }: { place: Place; className: string; current: string }) {
  const here = useRouterState({ select: (state) => place.holds(state.location.pathname) });
  return (
    <Link
      to={place.to}
      aria-current={here ? 'page' : undefined}
      className={`flex items-center font-medium ${className} ${here ? current : 'text-ink-soft hover:text-ink'}`}
    >
      <Icon name={place.icon} className="size-5" />
      <span className="flex items-center gap-1.5">
        {place.label}
        {place.to === '/inbox' && <InboxBadge />}
      </span>
    </Link>
  );
}

function InboxBadge() {
  const { count, more } = useInboxCount();
  if (count === 0) return null;
  return (
    <span className="rounded-full bg-amber-soft px-1.5 text-[0.75rem] font-semibold text-amber tabular-nums">
      {count}
      {more && '+'}
      <span className="sr-only"> open</span>
    </span>
  );
}
