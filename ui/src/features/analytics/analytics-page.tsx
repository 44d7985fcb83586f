import { Button } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { ScopeBar } from '@/components/scope-bar';
import { useNow } from '@/lib/clock';
import { type ChosenDays, comparedRetries, otherPeriod } from './compare';
import { Comparison } from './comparison';
import { retriesCsv } from './csv';
import { ExportButton } from './export-button';
import { LatencyPanel } from './latency-panel';
import { analyticsQuery } from './queries';
import { Report } from './report';
import { ReportSkeleton } from './report-skeleton';
import { bucketOf, SPAN_PERIODS, type SpanPeriod, spanOf, startLabel } from './span';
import { AnalyticsTabs } from './tabs';
import { texts } from './texts';

const route = getRouteApi('/studio/analytics');

export function AnalyticsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(60_000);
  const period = (search.period ?? '24h') as SpanPeriod;
  const span = spanOf(period, now);
  const from = new Date(span.from).toISOString();
  const analytics = useQuery(analyticsQuery({ flow_id: search.flow, from, bucket: bucketOf(span) }));
  const whole = { from: span.from, to: span.from + span.step * span.count };
  const other = otherPeriod(whole, search);
  const [start, end] = [new Date(other.from).toISOString(), new Date(other.to).toISOString()];
  const before = useQuery(analyticsQuery({ flow_id: search.flow, from: start, to: end, bucket: bucketOf(span) }));
  const choose = ({ compare, compare_to }: ChosenDays) =>
    void navigate({ search: { ...search, compare, compare_to }, replace: true });
  return (
    <Page
      title={texts.title}
      detail={texts.detail}
      actions={
        <>
          <ExportButton name="retries" csv={analytics.data ? () => retriesCsv(analytics.data) : null} />
          <AnalyticsTabs flow={search.flow} />
        </>
      }
    >
      <ScopeBar
        scope={search}
        wholeTime={texts.wholeTime}
        periods={SPAN_PERIODS}
        onChange={(scope) => void navigate({ search: { ...search, ...scope }, replace: true })}
      >
        {texts.since(startLabel(span.from, span))}
      </ScopeBar>
      {analytics.isPending && <ReportSkeleton />}
      {analytics.isError && <ProblemCard problem={analytics.error} onRetry={() => void analytics.refetch()} />}
      {analytics.data?.totals.executions === 0 && (
        <EmptyState icon={IconChartBar} title={search.flow ? texts.emptyFlow : texts.empty} detail={texts.emptyDetail}>
          <Button variant="default" component={Link} to="/flows">
            {texts.toFlows}
          </Button>
        </EmptyState>
      )}
      {analytics.data && analytics.data.totals.executions > 0 && (
        <Report
          analytics={analytics.data}
          before={search.compare ? undefined : before.data?.totals}
          comparison={
            <Comparison
              rows={comparedRetries(analytics.data.totals, before.data?.totals)}
              period={whole}
              other={other}
              isChosen={search.compare !== undefined}
              onChoose={choose}
            />
          }
          latency={
            <LatencyPanel
              flow={search.flow}
              from={from}
              other={other}
              version={search.version}
              against={search.against}
              onVersions={(version, against) =>
                void navigate({ search: { ...search, version, against }, replace: true })
              }
            />
          }
          span={span}
          flow={search.flow}
          period={period}
        />
      )}
    </Page>
  );
}
