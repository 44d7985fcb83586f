import type { RetryAnalytics } from '@/api/reports';
import { Panel } from '@/components/panel';
import type { Period } from '@/lib/periods';
import classes from './analytics.module.css';
import { AttemptsChart } from './attempts-chart';
import { CountsTable } from './counts-table';
import { ErrorTable } from './error-table';
import { Facts } from './facts';
import { OutcomeChart } from './outcome-chart';
import { barsOf } from './shape';
import { texts } from './texts';

interface ReportProps {
  analytics: RetryAnalytics;
  bucket: 'hour' | 'day';
  period: Period;
}

/** Everything that is known of a time in which something ended. */
export function Report({ analytics, bucket, period }: ReportProps) {
  const names = new Map(analytics.flows.map((flow) => [flow.flow_id, flow.flow_name ?? texts.flows.unnamed]));
  const flows = analytics.flows.map((counts) => ({
    key: counts.flow_id,
    name: names.get(counts.flow_id) ?? '',
    detail: null,
    flow: counts.flow_id,
    counts,
  }));
  const nodes = analytics.nodes.map((counts) => ({
    key: `${counts.flow_id} ${counts.node_id}`,
    name: counts.node_id,
    detail: names.get(counts.flow_id) ?? null,
    flow: counts.flow_id,
    counts,
  }));
  return (
    <div className={classes.report}>
      <Facts totals={analytics.totals} />
      <div className={classes.charts}>
        <Panel title={texts.time.title} aside={texts.time.hint(bucket)}>
          <OutcomeChart bars={barsOf(analytics, bucket)} bucket={bucket} />
        </Panel>
        <Panel title={texts.attempts.title} aside={texts.attempts.hint}>
          <AttemptsChart histogram={analytics.attempts_histogram} />
        </Panel>
      </div>
      <Panel title={texts.flows.title} flush>
        <CountsTable head={texts.flows.name} rows={flows} period={period} />
      </Panel>
      <Panel title={texts.nodes.title} flush>
        <CountsTable head={texts.nodes.name} rows={nodes} period={period} />
      </Panel>
      <Panel title={texts.errors.title} aside={texts.errors.hint} flush>
        <ErrorTable classes={analytics.error_classes} period={period} />
      </Panel>
    </div>
  );
}
