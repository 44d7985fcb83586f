import { IconAlertTriangle, IconHandStop } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { waitingQuery } from '@/api/executions';
import { assignedQuery } from '@/api/reports';
import { RelativeTime } from '@/components/relative-time';
import classes from './also-waiting.module.css';
import { texts } from './texts';

/** What else waits for who uses the studio: runs that ask how to go on, and failure groups that are assigned to them. */
export function AlsoWaiting() {
  const waiting = useQuery(waitingQuery()).data;
  const assigned = useQuery(assignedQuery()).data ?? [];
  if (!waiting?.count && assigned.length === 0) return null;
  return (
    <section className={classes.also} aria-label={texts.also.label}>
      {waiting && waiting.count > 0 && (
        <Link to="/executions" search={{ waiting: true }} className={classes.entry} data-tone="attention">
          <IconHandStop size={15} aria-hidden className={classes.icon} />
          {texts.also.decisions(waiting.hasMore ? `${waiting.count}+` : String(waiting.count))}
        </Link>
      )}
      {assigned.map(({ flow_id, fingerprint, flow_name, message, last_seen }) => (
        <Link
          key={`${flow_id} ${fingerprint}`}
          to="/executions"
          search={{ fingerprint, flow: flow_id }}
          className={classes.entry}
          data-tone="danger"
        >
          <IconAlertTriangle size={15} aria-hidden className={classes.icon} />
          <span className={classes.text}>
            <bdi>{flow_name ?? texts.deletedFlow}</bdi>: {message}
          </span>
          <span className={classes.soft}>
            <RelativeTime time={last_seen} />
          </span>
        </Link>
      ))}
    </section>
  );
}
