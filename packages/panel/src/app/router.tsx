import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { meQuery } from '../features/auth/me.ts';
import { SignInPage } from '../features/auth/sign-in-page.tsx';
import { ExecutionsPage } from '../features/executions/executions-page.tsx';
import { executionsSearchSchema } from '../features/executions/executions-search.ts';
import { InboxPage } from '../features/inbox/inbox-page.tsx';
import { inboxSearchSchema } from '../features/inbox/inbox-search.ts';
import { ServicesPage } from '../features/services/services-page.tsx';
import { ApiError } from '../lib/api-error.ts';
import { BrokenPage, MissingPage } from './fallback-pages.tsx';
import { queryClient } from './query-client.ts';
import { Shell } from './shell.tsx';

const root = createRootRoute({ component: Outlet, notFoundComponent: MissingPage, errorComponent: BrokenPage });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search): { next?: string } => (typeof search.next === 'string' ? { next: search.next } : {}),
  component: SignInPage,
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(meQuery);
    } catch (error) {
      if (ApiError.from(error).status === 401) throw redirect({ to: '/login', search: { next: location.href } });
      throw error;
    }
  },
  component: Shell,
});

const services = createRoute({ getParentRoute: () => signedIn, path: '/', component: ServicesPage });

const service = createRoute({
  getParentRoute: () => signedIn,
  path: '/services/$name',
  component: lazyRouteComponent(() => import('../features/services/service-page.tsx'), 'ServicePage'),
});

const executions = createRoute({
  getParentRoute: () => signedIn,
  path: '/executions',
  validateSearch: executionsSearchSchema,
  component: ExecutionsPage,
});

const execution = createRoute({
  getParentRoute: () => signedIn,
  path: '/executions/$id',
  component: lazyRouteComponent(() => import('../features/execution/execution-page.tsx'), 'ExecutionPage'),
});

const inbox = createRoute({
  getParentRoute: () => signedIn,
  path: '/inbox',
  validateSearch: inboxSearchSchema,
  component: InboxPage,
});

export const router = createRouter({
  routeTree: root.addChildren([login, signedIn.addChildren([services, service, executions, execution, inbox])]),
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: BrokenPage,
  defaultNotFoundComponent: MissingPage,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
