import { IconClockHour4, IconRefresh, IconRefreshOff } from '@tabler/icons-react';
import type { Flow } from '@/api/types';
import { formatWait } from '@/lib/time';
import classes from './flow-card.module.css';
import { texts } from './texts';

/** How a flow handles failures, in a few words. */
export function Reliability({ flow }: { flow: Flow }) {
  const retries = flow.retry_on_failure ? flow.retry_count : 0;
  const own = flow.flow_definition.nodes.filter((node) => node.retry).length;
  const RetryIcon = retries > 0 ? IconRefresh : IconRefreshOff;
  return (
    <span className={classes.reliability}>
      <span className={classes.mark} title={own > 0 ? texts.card.ownRetry(own) : undefined}>
        <RetryIcon size={14} aria-hidden />
        {retries > 0 ? texts.card.retries(retries) : texts.card.noRetry}
        {own > 0 && `, ${texts.card.differ(own)}`}
      </span>
      <span className={classes.mark}>
        <IconClockHour4 size={14} aria-hidden />
        {flow.timeout_seconds ? texts.card.timeout(formatWait(flow.timeout_seconds)) : texts.card.noTimeout}
      </span>
    </span>
  );
}
