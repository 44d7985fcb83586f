import { Link } from '@tanstack/react-router';
import type { FailureGroup } from '@/api/reports';
import { useMay } from '@/api/use-may';
import { errorClassLabel } from '@/components/error-classes';
import { ReasonedButton } from '@/components/reasoned-button';
import { RelativeTime } from '@/components/relative-time';
import type { NodeName } from '@/components/use-node-names';
import { formatNumber } from '@/lib/locale';
import type { Period } from '@/lib/periods';
import { CountBars } from './count-bars';
import classes from './failure-list.module.css';
import { GroupNotes } from './group-notes';
import { texts } from './texts';
import { TriageMenu } from './triage-menu';

interface FailureRowProps {
  group: FailureGroup;
  period: Period | undefined;
  onRetry: (group: FailureGroup) => void;
  nameOf: NodeName;
}

/** A group: what failed where, when and how often, with links to its executions and their retry. */
export function FailureRow({ group, period, onRetry, nameOf }: FailureRowProps) {
  const { why } = useMay('run_flows', 'anywhere');
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: keyboard users reach the link and the button inside.
    <div className={classes.row} role="row">
      <div role="cell" className={classes.what}>
        <Link
          className={classes.message ?? ''}
          to="/executions"
          search={{ fingerprint: group.fingerprint, flow: group.flow_id, period }}
        >
          {group.message}
        </Link>
        <div className={classes.where}>
          {group.error_class && (
            <span className={classes.class} data-tone="danger">
              {errorClassLabel(group.error_class)}
            </span>
          )}
          <span>
            <bdi>{group.flow_name ?? texts.unnamed}</bdi> ·{' '}
            <bdi>{group.node_id ? nameOf(group.flow_id, group.node_id) : texts.whole}</bdi>
          </span>
          <span className={classes.fates}>{texts.fates(group)}</span>
          <GroupNotes notes={group.notes} />
        </div>
      </div>
      <div role="cell" className={classes.bars}>
        <CountBars group={group} />
      </div>
      <div role="cell" className={classes.count}>
        {formatNumber(group.count)}
        <span className={classes.unit}> {texts.columns.unit(group.count)}</span>
      </div>
      <div role="cell" className={classes.last}>
        <span className={classes.unit}>{texts.columns.last} </span>
        <RelativeTime time={group.last_seen} />
      </div>
      <div role="cell" className={classes.first}>
        <span className={classes.unit}>{texts.columns.first} </span>
        <RelativeTime time={group.first_seen} />
      </div>
      <div role="cell" className={classes.action}>
        <ReasonedButton
          reason={why}
          variant="default"
          aria-label={texts.retryOf(group.message)}
          onClick={() => onRetry(group)}
        >
          {texts.retry}
        </ReasonedButton>
        <TriageMenu group={group} />
      </div>
    </div>
  );
}
