/** Every address of the studio. Each page is a separate chunk, and its address holds its state. */
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { BlockSkeleton } from '@/components/skeletons';
import { readAgentsSearch } from '@/features/agents/search';
import { readCostsSearch } from '@/features/analytics/cost-search';
import { readAnalyticsSearch } from '@/features/analytics/search';
import { readInboxSearch } from '@/features/approvals/search';
import { readAuditSearch } from '@/features/audit/filters';
import { readChatSearch } from '@/features/chat/search';
import { readExecutionSearch } from '@/features/executions/execution-search';
import { readFilters } from '@/features/executions/filters';
import { readFailuresSearch } from '@/features/failures/search';
import { readFlowSearch, readFlowsSearch } from '@/features/flows/search';
import { readFormSearch } from '@/features/form-page/search';
import { readReferenceSearch } from '@/features/reference/search';
import { readSecretsSearch } from '@/features/secrets/search';
import { parseSearch, stringifySearch } from '@/lib/search-params';
import { Alone } from './alone';
import { ErrorScreen } from './error-screen';
import { NotFound } from './not-found';
import { Shell } from './shell';

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  notFoundComponent: () => (
    <Shell>
      <NotFound />
    </Shell>
  ),
});

/** Pages of the studio. */
const shell = createRoute({ getParentRoute: () => root, id: 'studio', component: Shell });

/** Pages for people who do not use the studio. */
const alone = createRoute({ getParentRoute: () => root, id: 'alone', component: Alone });

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/flows' });
  },
});

const flows = createRoute({
  getParentRoute: () => shell,
  path: '/flows',
  validateSearch: readFlowsSearch,
  component: lazyRouteComponent(() => import('@/features/flows/flows-page'), 'FlowsPage'),
});

const flow = createRoute({
  getParentRoute: () => shell,
  path: '/flows/$flowId',
  validateSearch: readFlowSearch,
  component: lazyRouteComponent(() => import('@/features/flows/flow-page'), 'FlowPage'),
});

const executions = createRoute({
  getParentRoute: () => shell,
  path: '/executions',
  validateSearch: readFilters,
  component: lazyRouteComponent(() => import('@/features/executions/executions-page'), 'ExecutionsPage'),
});

const execution = createRoute({
  getParentRoute: () => shell,
  path: '/executions/$executionId',
  validateSearch: readExecutionSearch,
  component: lazyRouteComponent(() => import('@/features/executions/execution-page'), 'ExecutionPage'),
});

const approvals = createRoute({
  getParentRoute: () => shell,
  path: '/approvals',
  validateSearch: readInboxSearch,
  component: lazyRouteComponent(() => import('@/features/approvals/approvals-page'), 'ApprovalsPage'),
});

const decide = createRoute({
  getParentRoute: () => alone,
  path: '/decide/$token',
  component: lazyRouteComponent(() => import('@/features/approvals/decide-page'), 'DecidePage'),
});

const failures = createRoute({
  getParentRoute: () => shell,
  path: '/failures',
  validateSearch: readFailuresSearch,
  component: lazyRouteComponent(() => import('@/features/failures/failures-page'), 'FailuresPage'),
});

const alerts = createRoute({
  getParentRoute: () => shell,
  path: '/alerts',
  component: lazyRouteComponent(() => import('@/features/alerts/alerts-page'), 'AlertsPage'),
});

const analytics = createRoute({
  getParentRoute: () => shell,
  path: '/analytics',
  validateSearch: readAnalyticsSearch,
  component: lazyRouteComponent(() => import('@/features/analytics/analytics-page'), 'AnalyticsPage'),
});

const costs = createRoute({
  getParentRoute: () => shell,
  path: '/analytics/costs',
  validateSearch: readCostsSearch,
  component: lazyRouteComponent(() => import('@/features/analytics/costs-page'), 'CostsPage'),
});

const agents = createRoute({
  getParentRoute: () => shell,
  path: '/agents',
  validateSearch: readAgentsSearch,
  component: lazyRouteComponent(() => import('@/features/agents/agents-page'), 'AgentsPage'),
});

const members = createRoute({
  getParentRoute: () => shell,
  path: '/members',
  component: lazyRouteComponent(() => import('@/features/members/members-page'), 'MembersPage'),
});

const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: lazyRouteComponent(() => import('@/features/account/account-page'), 'AccountPage'),
});

const tenants = createRoute({
  getParentRoute: () => shell,
  path: '/tenants',
  component: lazyRouteComponent(() => import('@/features/tenants/tenants-page'), 'TenantsPage'),
});

const secrets = createRoute({
  getParentRoute: () => shell,
  path: '/secrets',
  validateSearch: readSecretsSearch,
  component: lazyRouteComponent(() => import('@/features/secrets/secrets-page'), 'SecretsPage'),
});

const keys = createRoute({
  getParentRoute: () => shell,
  path: '/keys',
  component: lazyRouteComponent(() => import('@/features/keys/keys-page'), 'KeysPage'),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: readAuditSearch,
  component: lazyRouteComponent(() => import('@/features/audit/audit-page'), 'AuditPage'),
});

const reference = createRoute({
  getParentRoute: () => shell,
  path: '/reference',
  validateSearch: readReferenceSearch,
  component: lazyRouteComponent(() => import('@/features/reference/reference-page'), 'ReferencePage'),
});

const join = createRoute({
  getParentRoute: () => alone,
  path: '/join/$token',
  component: lazyRouteComponent(() => import('@/features/join/join-page'), 'JoinPage'),
});

const signIn = createRoute({
  getParentRoute: () => alone,
  path: '/sign-in/$provider',
  component: lazyRouteComponent(() => import('@/features/sign-in/provider-page'), 'ProviderPage'),
});

const form = createRoute({
  getParentRoute: () => alone,
  path: '/form/$flowId',
  validateSearch: readFormSearch,
  component: lazyRouteComponent(() => import('@/features/form-page/form-page'), 'FormPage'),
});

const chat = createRoute({
  getParentRoute: () => alone,
  path: '/chat/$flowId',
  validateSearch: readChatSearch,
  component: lazyRouteComponent(() => import('@/features/chat/chat-page'), 'ChatPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    shell.addChildren([
      home,
      flows,
      flow,
      executions,
      execution,
      approvals,
      failures,
      alerts,
      analytics,
      costs,
      agents,
      members,
      tenants,
      account,
      secrets,
      keys,
      audit,
      reference,
    ]),
    alone.addChildren([decide, join, signIn, form, chat]),
  ]),
  context: { queries: undefined as never },
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: ErrorScreen,
  defaultPendingComponent: () => <BlockSkeleton height={320} />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
