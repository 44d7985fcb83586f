import { IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { FailureGroup } from '@/api/reports';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { ScopeBar } from '@/components/scope-bar';
import { BlockSkeleton } from '@/components/skeletons';
import { useNow } from '@/lib/clock';
import { periodStart } from '@/lib/periods';
import { FailureTable } from './failure-table';
import { failuresQuery } from './queries';
import { RetryGroupDialog } from './retry-group-dialog';
import { texts } from './texts';

const route = getRouteApi('/failures');

export function FailuresPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow(60_000);
  const failures = useQuery(failuresQuery({ flow_id: search.flow, from: periodStart(search.period, now) }));
  const [retried, setRetried] = useState<FailureGroup | null>(null);
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
      {failures.isPending && <BlockSkeleton height={280} />}
      {failures.isError && <ProblemCard problem={failures.error} onRetry={() => void failures.refetch()} />}
      {failures.data?.length === 0 && (
        <EmptyState icon={IconCircleCheck} title={texts.empty} detail={texts.emptyDetail} />
      )}
      {failures.data && failures.data.length > 0 && (
        <Panel flush>
          <FailureTable groups={failures.data} period={search.period} onRetry={setRetried} />
        </Panel>
      )}
      {retried && <RetryGroupDialog group={retried} onClose={() => setRetried(null)} />}
    </Page>
  );
}
