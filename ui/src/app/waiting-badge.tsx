import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { approvalsWaitingQuery } from '@/api/approvals';
import { waitingQuery } from '@/api/executions';
import { assignedQuery } from '@/api/reports';
import { texts } from '@/lib/texts';
import classes from './shell.module.css';

/** In the navigation: how many executions wait for a person, as a link to them. Nothing while there are none. */
export function WaitingBadge() {
  const shown = shownCount(useQuery(waitingQuery()).data);
  if (!shown) return null;
  const label = texts.nav.waiting(shown);
  return (
    <Link to="/executions" search={{ waiting: true }} className={classes.badge} aria-label={label} title={label}>
      {shown}
    </Link>
  );
}

/** In the navigation: how many executions have calls that wait for approval. Nothing while there are none. */
export function ApprovalsBadge() {
  const shown = shownCount(useQuery(approvalsWaitingQuery()).data);
  if (!shown) return null;
  const label = texts.nav.awaiting(shown);
  return (
    <Link to="/approvals" search={{}} className={classes.badge} aria-label={label} title={label}>
      {shown}
    </Link>
  );
}

/** In the navigation: how many open failure groups are assigned to who uses the studio. Nothing while there are none. */
export function AssignedBadge() {
  const count = useQuery(assignedQuery()).data?.length ?? 0;
  if (count === 0) return null;
  const label = texts.nav.assigned(count);
  return (
    <Link to="/failures" search={{ mine: true }} className={classes.badge} aria-label={label} title={label}>
      {count}
    </Link>
  );
}

function shownCount(waiting: { count: number; hasMore: boolean } | undefined): string | null {
  if (!waiting || waiting.count === 0) return null;
  return waiting.hasMore ? `${waiting.count}+` : String(waiting.count);
}
