import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { type Approval, approvalsQuery } from '@/api/approvals';
import { LiveMark } from '@/components/live-mark';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { AlsoWaiting } from './also-waiting';
import type { Verdict } from './bulk';
import { BulkDialog } from './bulk-dialog';
import { Elsewhere } from './elsewhere';
import { Inbox } from './inbox';
import classes from './inbox.module.css';
import { InboxFilters } from './inbox-filters';
import { NothingWaits } from './nothing-waits';
import { type InboxSearch, readInboxSearch } from './search';
import { texts } from './texts';
import { titleOf } from './titles';
import { focusRow } from './use-focus';
import { useLiveApprovals } from './use-live-approvals';
import { useVisit } from './use-visit';
import { VisitLog } from './visit-log';

interface Bulk {
  verdict: Verdict;
  approvals: readonly Approval[];
}

/** The inbox: all that waits for a person, to be decided on. The filters and what is open are in the address. */
export function ApprovalsPage() {
  const approvals = useQuery(approvalsQuery());
  const state = useLiveApprovals();
  const { settled, note, isSettled } = useVisit(approvals.data?.rows);
  const [outcome, setOutcome] = useState<string | null>(null);
  const [bulk, setBulk] = useState<Bulk | null>(null);
  const said = useRef<HTMLParagraphElement>(null);
  const { search, look } = useInboxSearch();
  const rows = (approvals.data?.rows ?? []).filter((row) => !isSettled(row));
  const settle = (approval: Approval, what: string, isMine: boolean) => {
    note(approval, what, isMine);
    setOutcome(texts.settled(titleOf(approval), what));
  };
  const focusOutcome = () => said.current?.focus();
  const closeBulk = (summary: string | null) => {
    setBulk(null);
    if (summary === null) focusRow(search.id);
    else {
      setOutcome(summary);
      focusOutcome();
    }
  };
  return (
    <Page title={texts.title} detail={texts.detail} beside={<LiveMark state={state} />} fill={rows.length > 0}>
      <p className={classes.outcome} role="status" tabIndex={-1} ref={said}>
        {outcome ?? (rows.length > 0 && texts.found(rows.length))}
      </p>
      <AlsoWaiting />
      {approvals.isPending && <BlockSkeleton />}
      {approvals.isError && <ProblemCard problem={approvals.error} onRetry={() => void approvals.refetch()} />}
      {rows.length > 0 && <InboxFilters rows={rows} search={search} onChange={look} />}
      {rows.length > 0 && (
        <Inbox
          rows={rows}
          search={search}
          onLook={look}
          onSettled={settle}
          onBulk={(verdict, chosen) => setBulk({ verdict, approvals: chosen })}
          onEmpty={focusOutcome}
        >
          {approvals.data?.hasMore && <p className={classes.soft}>{texts.more}</p>}
          <VisitLog settled={settled} />
        </Inbox>
      )}
      {approvals.isSuccess && rows.length === 0 && (
        <>
          {search.id !== undefined && <Elsewhere id={search.id} onSettled={settle} />}
          <NothingWaits />
          <VisitLog settled={settled} />
        </>
      )}
      {bulk && <BulkDialog {...bulk} onSettled={note} onClose={closeBulk} />}
    </Page>
  );
}

function useInboxSearch() {
  const navigate = useNavigate();
  const search = readInboxSearch(useSearch({ strict: false }));
  const look = (change: InboxSearch) =>
    void navigate({ to: '.', search: (before: object) => ({ ...before, ...change }) as never, replace: true });
  return { search, look };
}
