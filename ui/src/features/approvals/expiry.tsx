import type { Approval } from '@/api/approvals';
import { useNow } from '@/lib/clock';
import { formatCountdown, formatMoment, millis } from '@/lib/time';
import classes from './inbox.module.css';
import { expiresSoon } from './order';
import { texts } from './texts';

/** How long something still waits; nothing where it has no end. */
export function Expiry({ approval }: { approval: Approval }) {
  const expires = millis(approval.expires_at);
  const now = useNow(expires === null ? 0 : 1_000);
  if (expires === null) return null;
  return (
    <span
      className={`${classes.expiry} tabular`}
      data-tone={expiresSoon(approval, now) ? 'warning' : 'neutral'}
      title={formatMoment(expires)}
      aria-live="off"
    >
      {expires > now ? texts.expiresIn(formatCountdown(expires - now)) : texts.expired}
    </span>
  );
}
