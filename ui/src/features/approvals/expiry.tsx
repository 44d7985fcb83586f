import type { Approval } from '@/api/approvals';
import { useNow } from '@/lib/clock';
import { formatCountdown, formatMoment, millis } from '@/lib/time';
import classes from './inbox.module.css';
import { expiresSoon } from './order';
import { texts } from './texts';

/** How long something still waits; nothing where it has no end. */
export function Expiry({ approval }: { approval: Pick<Approval, 'expires_at'> }) {
  const expires = millis(approval.expires_at);
  const now = useNow(expires === null ? 0 : 1_000);
  if (expires === null) return null;
  // Screen readers are told the time: a name that changes every second would be read out again and again.
  return (
    <span
      className={`${classes.expiry} tabular`}
      data-tone={expiresSoon(approval, now) ? 'warning' : 'neutral'}
      title={formatMoment(expires)}
    >
      <span aria-hidden>{expires > now ? texts.expiresIn(formatCountdown(expires - now)) : texts.expired}</span>
      <span className="visually-hidden">{texts.expiresAt(formatMoment(expires))}</span>
    </span>
  );
}
