import { Link } from '@tanstack/react-router';
import type { ActiveSchedule } from '@/api/schedules';
import type { Flow } from '@/api/types';
import { Prose } from '@/components/prose';
import { RelativeTime } from '@/components/relative-time';
import { useNow } from '@/lib/clock';
import { formatMoment, formatUpcoming, millis } from '@/lib/time';
import classes from './schedules.module.css';
import { texts } from './texts';

/** A start that is due for so long waits for the end of the execution before. */
const WAITS_AFTER_MS = 5_000;

/** One schedule of a flow: its next start, its last one, and why that failed. */
export function ScheduleItem({ schedule, flow }: { schedule: ActiveSchedule; flow: Flow }) {
  const { node_id, cron, timezone, last_at, last_execution_id, error } = schedule;
  const trigger = flow.flow_definition.nodes.find(({ id }) => id === node_id);
  return (
    <li className={classes.item}>
      <p className={classes.name}>{trigger?.name || node_id}</p>
      <p className={classes.note}>
        <code>{cron}</code> · {timezone}
      </p>
      <dl className={classes.facts}>
        <dt>{texts.next}</dt>
        <dd>
          <Next schedule={schedule} />
        </dd>
        <dt>{texts.last}</dt>
        <dd>
          {last_execution_id ? (
            <Link to="/executions/$executionId" params={{ executionId: last_execution_id }} className={classes.link}>
              <RelativeTime time={last_at} />
            </Link>
          ) : last_at ? (
            <RelativeTime time={last_at} />
          ) : (
            texts.noLast
          )}
        </dd>
      </dl>
      {error !== null && (
        <p className={classes.error}>
          <Prose text={texts.failed(error)} />
        </p>
      )}
    </li>
  );
}

function Next({ schedule }: { schedule: ActiveSchedule }) {
  const now = useNow(1_000);
  const next = millis(schedule.next_start_at);
  if (next === null) return texts.noNext;
  if (now - next > WAITS_AFTER_MS) return texts.waits;
  return (
    <>
      {formatUpcoming(next, now)}
      <span className={classes.moment}>{formatMoment(next)}</span>
    </>
  );
}
