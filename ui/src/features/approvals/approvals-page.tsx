import { IconChecklist } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { approvalsQuery } from '@/api/approvals';
import { EmptyState } from '@/components/empty-state';
import { LiveMark } from '@/components/live-mark';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { ApprovalCard } from './approval-card';
import classes from './approvals.module.css';
import { texts } from './texts';
import { useLiveApprovals } from './use-live-approvals';

/** All calls that wait for approval, to be decided on. */
export function ApprovalsPage() {
  const approvals = useQuery(approvalsQuery());
  const state = useLiveApprovals();
  const [outcome, setOutcome] = useState<string | null>(null);
  const said = useRef<HTMLParagraphElement>(null);
  const { rows = [], hasMore = false } = approvals.data ?? {};
  // The form that had the focus is gone.
  const settle = (what: string) => {
    setOutcome(what);
    said.current?.focus();
  };
  return (
    <Page title={texts.title} detail={texts.detail} beside={<LiveMark state={state} />}>
      <p className={classes.outcome} role="status" tabIndex={-1} ref={said}>
        {outcome ?? (rows.length > 0 && texts.found(rows.length))}
      </p>
      {approvals.isPending && <BlockSkeleton />}
      {approvals.isError && <ProblemCard problem={approvals.error} onRetry={() => void approvals.refetch()} />}
      {approvals.data?.rows.length === 0 && (
        <EmptyState icon={IconChecklist} title={texts.empty} detail={texts.emptyDetail} />
      )}
      {rows.length > 0 && (
        <ul className={classes.list} aria-label={texts.list}>
          {rows.map((approval) => (
            <ApprovalCard key={approval.id} approval={approval} onSettled={settle} />
          ))}
        </ul>
      )}
      {hasMore && <p className={classes.soft}>{texts.more}</p>}
    </Page>
  );
}
