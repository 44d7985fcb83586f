import { Popover } from '@mantine/core';
import { IconCalendarClock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { isScheduled, schedulesOfQuery } from '@/api/schedules';
import type { Flow } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { useNow } from '@/lib/clock';
import { formatUpcoming, millis } from '@/lib/time';
import { ScheduleItem } from './schedule-item';
import classes from './schedules.module.css';
import { texts } from './texts';

/** When a flow starts by itself next, and what its schedules started last. Nothing for a flow without schedules. */
export function ScheduleButton({ flow }: { flow: Flow }) {
  return isScheduled(flow) && <Scheduled flow={flow} />;
}

function Scheduled({ flow }: { flow: Flow }) {
  const isActive = flow.status === 'active';
  const schedules = useQuery({ ...schedulesOfQuery(flow.id), enabled: isActive });
  const rows = (isActive && schedules.data) || [];
  const next = millis(rows[0]?.next_start_at);
  const now = useNow(next === null ? 0 : 1_000);
  const hasFailed = rows.some(({ error }) => error !== null);
  const shown = next === null ? null : formatUpcoming(next, now);
  const label = hasFailed ? texts.openFailed : shown === null ? texts.openNone : texts.open(shown);
  return (
    <Popover position="bottom-start" width={320} withRoles trapFocus>
      <Popover.Target>
        <button
          type="button"
          className={classes.button}
          data-tone={hasFailed ? 'danger' : 'neutral'}
          aria-label={label}
          title={label}
        >
          <IconCalendarClock size={14} aria-hidden />
          {hasFailed ? texts.failedShort : shown}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.title}>
        {!isActive && <p className={classes.note}>{texts.notActive}</p>}
        {isActive && schedules.isError && (
          <ProblemCard problem={schedules.error} onRetry={() => void schedules.refetch()} />
        )}
        {isActive && !schedules.isError && rows.length === 0 && <p className={classes.note}>{texts.none}</p>}
        {rows.length > 0 && (
          <ul className={classes.list}>
            {rows.map((schedule) => (
              <ScheduleItem key={schedule.node_id} schedule={schedule} flow={flow} />
            ))}
          </ul>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
