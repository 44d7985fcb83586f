import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { waitingQuery } from '@/api/executions';
import { texts } from '@/lib/texts';
import classes from './shell.module.css';

/** In the navigation: how many executions wait for a person, as a link to them. Nothing while there are none. */
export function WaitingBadge() {
  const waiting = useQuery(waitingQuery());
  if (!waiting.data || waiting.data.count === 0) return null;
  const { count, hasMore } = waiting.data;
  const shown = hasMore ? `${count}+` : String(count);
  const label = texts.nav.waiting(shown);
  return (
    <Link to="/executions" search={{ waiting: true }} className={classes.badge} aria-label={label} title={label}>
      {shown}
    </Link>
  );
}
