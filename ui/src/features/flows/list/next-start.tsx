import { Tooltip } from '@mantine/core';
import { IconCalendarClock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ActiveSchedule, isScheduled, schedulesQuery } from '@/api/schedules';
import type { Flow } from '@/api/types';
import { useNow } from '@/lib/clock';
import { formatMoment, formatUpcoming, millis } from '@/lib/time';
import classes from './flow-card.module.css';
import { texts } from './texts';

/** When a flow starts by itself next, in lists. Nothing for a flow that does not. */
export function NextStart({ flow }: { flow: Flow }) {
  const schedules = useQuery({
    ...schedulesQuery(),
    enabled: flow.status === 'active' && isScheduled(flow),
    select: (all) => all.filter(({ flow_id }) => flow_id === flow.id),
  });
  const shown = schedules.data?.find(({ error }) => error !== null) ?? schedules.data?.[0];
  return shown && flow.status === 'active' && <Mark schedule={shown} />;
}

function Mark({ schedule }: { schedule: ActiveSchedule }) {
  const { cron, timezone, error, next_start_at } = schedule;
  const next = millis(next_start_at);
  const now = useNow(next === null ? 0 : 1_000);
  if (error === null && next === null) return null;
  const label = [
    ...(next === null ? [] : [texts.start.next(formatMoment(next), cron, timezone)]),
    ...(error === null ? [] : [texts.start.failed(error)]),
  ].join('. ');
  return (
    <Tooltip label={label} multiline maw={320}>
      <span className={`${classes.mark} ${classes.start}`} data-tone={error === null ? 'neutral' : 'danger'}>
        <IconCalendarClock size={14} aria-hidden />
        <span className="visually-hidden">{label}</span>
        <span aria-hidden>
          {error === null && next !== null ? texts.start.nextShort(formatUpcoming(next, now)) : texts.start.failedShort}
        </span>
      </span>
    </Tooltip>
  );
}
