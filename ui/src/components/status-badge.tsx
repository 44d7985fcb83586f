import { STATUS_LOOKS, type StatusKey } from './status';
import classes from './status-badge.module.css';

interface StatusBadgeProps {
  status: StatusKey;
  /** A more specific label than that of the status, e.g. `Waiting for a free slot`. */
  label?: string;
  /** Without a background, for dense lists. */
  plain?: boolean;
}

/** A status as icon, label and tone. */
export function StatusBadge({ status, label, plain }: StatusBadgeProps) {
  const look = STATUS_LOOKS[status];
  const Icon = look.icon;
  return (
    <span className={`${classes.badge} ${plain ? classes.plain : ''}`} data-tone={look.tone}>
      <Icon size={15} aria-hidden className={`${classes.icon} ${look.spins ? classes.spins : ''}`} />
      {label ?? look.label}
    </span>
  );
}
