import { IconAlertTriangle } from '@tabler/icons-react';
import { RelativeTime } from '@/components/relative-time';
import type { Pin } from '../bench/pin';
import classes from './node-test.module.css';
import { texts } from './texts';

/** Where a pinned value comes from, when it was made, and whether the node was changed since. */
export function Origin({ pin }: { pin: Pin }) {
  return (
    <span className={classes.origin} data-origin={pin.origin}>
      {texts.origins[pin.origin]} {pin.at !== null && <RelativeTime time={new Date(pin.at).toISOString()} />}
      {pin.isStale && (
        <span className={classes.stale} title={texts.staleDetail} data-tone="warning">
          <IconAlertTriangle size={12} aria-hidden /> {texts.stale}
        </span>
      )}
    </span>
  );
}
