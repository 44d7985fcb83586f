import { Button } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { accountQuery } from '@/api/account';
import type { FailureGroup } from '@/api/reports';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { LiveMark } from '@/components/live-mark';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { ScopeBar } from '@/components/scope-bar';
import { useNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import { texts as common } from '@/lib/texts';
import { FailureList } from './failure-list';
import { ListSkeleton } from './list-skeleton';
import { failuresQuery } from './queries';
import { RetryGroupDialog } from './retry-group-dialog';
import { StateFilter } from './state-filter';
import { isShown } from './states';
import { texts } from './texts';
import { useLiveFailures } from './use-live-failures';

const route = getRouteApi('/studio/failures');

/** The API returns at most this many groups, the largest. */
const GROUPS_MAX = 100;

export function FailuresPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(60_000);
  const failures = useQuery(failuresQuery({ flow_id: search.flow, from: periodStart(search.period, now) }));
  const state = useLiveFailures(search.flow);
  const [retried, setRetried] = useState<FailureGroup | null>(null);
  const look = (change: typeof search) => void navigate({ search: { ...search, ...change }, replace: true });
  const me = useQuery(accountQuery()).data?.id ?? undefined;
  const all = failures.data?.rows ?? [];
  const groups = all.filter((group) => isShown(group, search, me));
  return (
    <Page title={texts.title} detail={texts.detail} beside={<LiveMark state={state} />}>
      <ScopeBar scope={search} wholeTime={texts.wholeTime} onChange={look}>
        {groups.length > 0 && found(groups)}
      </ScopeBar>
      {all.length > 0 && <StateFilter groups={all} search={search} me={me} onChange={look} />}
      <DamagedList damaged={failures.data?.damaged} advice={common.damaged.executionAdvice} />
      {failures.isPending && <ListSkeleton />}
      {failures.isError && <ProblemCard problem={failures.error} onRetry={() => void failures.refetch()} />}
      {failures.data?.rows.length === 0 && (
        <Nothing
          isNarrow={Boolean(search.flow ?? search.period)}
          onWiden={() => look({ flow: undefined, period: undefined })}
        />
      )}
      {all.length > 0 && groups.length === 0 && (
        <EmptyState icon={IconCircleCheck} title={texts.states.none} detail={texts.states.noneDetail} />
      )}
      {groups.length > 0 && (
        <FailureList
          groups={groups}
          period={search.period}
          order={search.sort ?? 'count'}
          onOrder={(order) => look({ sort: order === 'count' ? undefined : order })}
          onRetry={setRetried}
        />
      )}
      {retried && (
        <RetryGroupDialog group={retried} isNarrow={Boolean(search.period)} onClose={() => setRetried(null)} />
      )}
    </Page>
  );
}

function found(groups: readonly FailureGroup[]): string {
  if (groups.length >= GROUPS_MAX) return texts.foundMost(GROUPS_MAX);
  return texts.found(
    groups.length,
    groups.reduce((sum, group) => sum + group.count, 0),
  );
}

function Nothing({ isNarrow, onWiden }: { isNarrow: boolean; onWiden: () => void }) {
  if (!isNarrow) return <EmptyState icon={IconCircleCheck} title={texts.empty} detail={texts.emptyDetail} />;
  return (
    <EmptyState icon={IconCircleCheck} title={texts.emptyScope} detail={texts.emptyScopeDetail}>
      <Button variant="default" onClick={onWiden}>
        {texts.widen}
      </Button>
    </EmptyState>
  );
}
