import { Button } from '@mantine/core';
import { IconCoins } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { ScopeBar } from '@/components/scope-bar';
import { useNow } from '@/lib/clock';
import { formatUtcDay } from '@/lib/time';
import { type ChosenDays, comparedCosts, comparedTimes, otherPeriod } from './compare';
import { Comparison } from './comparison';
import { costsQuery, timesQuery } from './cost-queries';
import { CostReport } from './cost-report';
import { DAY, DAY_PERIODS, type DayPeriod, daysOf } from './cost-shape';
import { texts } from './cost-texts';
import { costsCsv } from './csv';
import { ExportButton } from './export-button';
import { ReportSkeleton } from './report-skeleton';
import { AnalyticsTabs } from './tabs';

const route = getRouteApi('/studio/analytics/costs');

/** What calls of models cost. */
export function CostsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const days = daysOf((search.period ?? '30d') as DayPeriod, useNow(60_000));
  const from = new Date(days.from).toISOString();
  const costs = useQuery(costsQuery({ flow_id: search.flow, from }));
  const times = useQuery(timesQuery({ flow_id: search.flow, from }));
  const period = { from: days.from, to: days.from + days.count * DAY };
  const other = otherPeriod(period, search);
  const [start, end] = [new Date(other.from).toISOString(), new Date(other.to).toISOString()];
  const before = useQuery(costsQuery({ flow_id: search.flow, from: start, to: end }));
  const timesBefore = useQuery(timesQuery({ flow_id: search.flow, from: start, to: end }));
  const choose = ({ compare, compare_to }: ChosenDays) =>
    void navigate({ search: { ...search, compare, compare_to }, replace: true });
  const isEmpty = costs.data?.totals.length === 0;
  return (
    <Page
      title={texts.title}
      detail={texts.detail}
      actions={
        <>
          <ExportButton name="costs" csv={costs.data ? () => costsCsv(costs.data, times.data) : null} />
          <AnalyticsTabs flow={search.flow} />
        </>
      }
    >
      <ScopeBar
        scope={search}
        wholeTime={texts.wholeTime}
        periods={DAY_PERIODS}
        onChange={(scope) => void navigate({ search: { ...search, ...scope }, replace: true })}
      >
        {texts.since(formatUtcDay(days.from))}
      </ScopeBar>
      {costs.isPending && <ReportSkeleton />}
      {costs.isError && <ProblemCard problem={costs.error} onRetry={() => void costs.refetch()} />}
      {isEmpty && (
        <EmptyState icon={IconCoins} title={search.flow ? texts.emptyFlow : texts.empty} detail={texts.emptyDetail}>
          <Button variant="default" component={Link} to="/agents">
            {texts.toAgents}
          </Button>
        </EmptyState>
      )}
      {costs.data && !isEmpty && (
        <CostReport
          analytics={costs.data}
          times={times.data}
          timesBefore={timesBefore.data}
          days={days}
          currency={search.currency}
          onCurrency={(currency) => void navigate({ search: { ...search, currency }, replace: true })}
          comparison={(totals) => (
            <Comparison
              rows={[
                ...comparedCosts(
                  totals,
                  before.data?.totals.find(({ currency }) => currency === totals.currency),
                  before.isSuccess,
                ),
                ...comparedTimes(times.data?.totals, timesBefore.data?.totals),
              ]}
              period={period}
              other={other}
              isChosen={search.compare !== undefined}
              onChoose={choose}
            />
          )}
        />
      )}
    </Page>
  );
}
