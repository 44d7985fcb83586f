import { STATUS_LOOKS, type StatusKey } from './status';
import classes from './status-badge.module.css';

interface StatusIconProps {
  status: StatusKey;
  size?: number;
  /** Read by screen readers instead of the icon; omit it where the label is next to it. */
  label?: string;
}

/** The icon of a status, in its tone. */
export function StatusIcon({ status, size = 15, label }: StatusIconProps) {
  const look = STATUS_LOOKS[status];
  const Icon = look.icon;
  return (
    <span data-tone={look.tone} style={{ display: 'inline-flex' }}>
      <Icon size={size} aria-hidden className={`${classes.icon} ${look.spins ? classes.spins : ''}`} />
      {label && <span className="visually-hidden">{label}</span>}
    </span>
  );
}
