import { IconArchive, IconCircleCheckFilled, IconPencil, IconPlayerPauseFilled } from '@tabler/icons-react';
import type { FlowStatus as Status } from '@/api/types';
import { texts } from './look-texts';
import type { Tone } from './status';
import classes from './status-badge.module.css';

interface FlowStatusLook {
  label: string;
  tone: Tone;
  icon: typeof IconPencil;
}

/** Label, tone and icon of each flow status. */
export const FLOW_STATUS_LOOKS: Record<Status, FlowStatusLook> = {
  draft: { label: texts.flowStatuses.draft, tone: 'neutral', icon: IconPencil },
  active: { label: texts.flowStatuses.active, tone: 'success', icon: IconCircleCheckFilled },
  paused: { label: texts.flowStatuses.paused, tone: 'attention', icon: IconPlayerPauseFilled },
  archived: { label: texts.flowStatuses.archived, tone: 'muted', icon: IconArchive },
};

/** The status of a flow as icon and label. */
export function FlowStatus({ status }: { status: Status }) {
  const { label, tone, icon: Icon } = FLOW_STATUS_LOOKS[status];
  return (
    <span className={`${classes.badge} ${classes.plain}`} data-tone={tone}>
      <Icon size={15} aria-hidden className={classes.icon} />
      {label}
    </span>
  );
}
