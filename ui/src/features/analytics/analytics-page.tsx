import { IconChartBar } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { ScopeBar } from '@/components/scope-bar';
import { BlockSkeleton } from '@/components/skeletons';
import { useNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import { analyticsQuery } from './queries';
import { Report } from './report';
import { bucketOf } from './shape';
import { texts } from './texts';

const route = getRouteApi('/analytics');

export function AnalyticsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(60_000);
  const period = search.period ?? '24h';
  const bucket = bucketOf(period);
  const analytics = useQuery(analyticsQuery({ flow_id: search.flow, from: periodStart(period, now), bucket }));
  return (
    <Page
      title={texts.title}
      detail={texts.detail}
      actions={
        <ScopeBar
          scope={search}
          wholeTime={texts.wholeTime}
          onChange={(scope) => void navigate({ search: scope, replace: true })}
        />
      }
    >
      {analytics.isPending && <BlockSkeleton height={420} />}
      {analytics.isError && <ProblemCard problem={analytics.error} onRetry={() => void analytics.refetch()} />}
      {analytics.data?.totals.executions === 0 && (
        <EmptyState icon={IconChartBar} title={texts.empty} detail={texts.emptyDetail} />
      )}
      {analytics.data && analytics.data.totals.executions > 0 && (
        <Report analytics={analytics.data} bucket={bucket} period={period} />
      )}
    </Page>
  );
}
