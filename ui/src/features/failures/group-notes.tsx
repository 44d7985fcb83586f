import type { FailureNotes } from '@/api/reports';
import { RelativeTime } from '@/components/relative-time';
import classes from './failure-list.module.css';
import { texts } from './texts';

/** What is noted about a group, in words. */
export function GroupNotes({ notes }: { notes: FailureNotes }) {
  const { state, assigned_to: to, muted_until: until, after_version: version } = notes;
  return (
    <>
      {to && (
        <span className={classes.note} data-tone="info">
          {texts.triage.assignedTo} <bdi>{to.name}</bdi>
        </span>
      )}
      {state === 'muted' && (
        <span className={classes.note} data-tone="neutral">
          {until ? (
            <>
              {texts.triage.mutedUntil} <RelativeTime time={until} />
            </>
          ) : (
            texts.triage.mutedAfter(version ?? 0)
          )}
        </span>
      )}
      {state === 'resolved' && (
        <span className={classes.note} data-tone="success">
          {texts.triage.resolvedAfter(version ?? 0)}
        </span>
      )}
    </>
  );
}
