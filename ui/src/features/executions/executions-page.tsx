import { Button } from '@mantine/core';
import { IconActivityHeartbeat, IconFilterOff } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { LiveMark } from '@/components/live-mark';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import { serverNow } from '@/lib/clock';
import { writeJson } from '@/lib/json';
import { texts as common } from '@/lib/texts';
import { ExecutionList } from './execution-list';
import { FilterBar } from './filter-bar';
import { type Filters, hasFilters, toApiFilter } from './filters';
import { damagedIn, rowsOf } from './list-cache';
import { executionsQuery } from './queries';
import { texts } from './texts';
import { useLiveList } from './use-live-list';

const route = getRouteApi('/studio/executions');

/** The list of the Flow Execution Monitor. */
export function ExecutionsPage() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const filter = useMemo(() => toApiFilter(filters, serverNow()), [filters]);
  const list = useInfiniteQuery(executionsQuery(filter));
  const state = useLiveList(filters, filter);
  const rows = useMemo(() => rowsOf(list.data), [list.data]);
  const change = useCallback((next: Filters) => void navigate({ search: next, replace: true }), [navigate]);
  const { fetchNextPage } = list;
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  return (
    <Page title={texts.title} beside={<LiveMark state={state} />} fill>
      <FilterBar filters={filters} onChange={change} />
      <DamagedList damaged={damagedIn(list.data)} advice={common.damaged.executionAdvice} />
      {list.isPending && <RowsSkeleton rows={12} />}
      {list.isError && rows.length === 0 && <ProblemCard problem={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && <Nothing filters={filters} onClear={() => change({})} />}
      {rows.length > 0 && (
        <ExecutionList
          key={writeJson(filters)}
          rows={rows}
          filters={filters}
          hasMore={list.hasNextPage}
          isLoadingMore={list.isFetchingNextPage}
          isStuck={list.isFetchNextPageError}
          onMore={more}
        />
      )}
    </Page>
  );
}

function Nothing({ filters, onClear }: { filters: Filters; onClear: () => void }) {
  if (hasFilters(filters)) {
    return (
      <EmptyState icon={IconFilterOff} title={texts.empty.filteredTitle} detail={texts.empty.filteredDetail}>
        <Button variant="default" onClick={onClear}>
          {common.actions.clear}
        </Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={IconActivityHeartbeat} title={texts.empty.title} detail={texts.empty.detail}>
      <Button component={Link} to="/flows">
        {texts.empty.toFlows}
      </Button>
    </EmptyState>
  );
}
