import type { ReactNode } from 'react';
import type { RetryAnalytics, RetryCounts } from '@/api/reports';
import { Panel } from '@/components/panel';
import classes from './analytics.module.css';
import { AttemptsChart } from './attempts-chart';
import { CountsTable } from './counts-table';
import { ErrorTable } from './error-table';
import { Facts } from './facts';
import { OutcomeChart } from './outcome-chart';
import { OutcomeTable } from './outcome-table';
import { barsOf } from './shape';
import { type Span, type SpanPeriod, stepName } from './span';
import { texts } from './texts';

interface ReportProps {
  analytics: RetryAnalytics;
  /** The sums of the period before; absent until they are known. */
  before: RetryCounts | undefined;
  /** The comparison with another period. */
  comparison: ReactNode;
  /** How long executions took. */
  latency: ReactNode;
  span: Span;
  flow: string | undefined;
  period: SpanPeriod;
}

/** The report of a period with finished executions. */
export function Report({ analytics, before, comparison, latency, span, flow, period }: ReportProps) {
  const bars = barsOf(analytics.buckets, span);
  return (
    <div className={classes.report}>
      <Facts totals={analytics.totals} before={before} />
      <div className={classes.charts}>
        <Panel title={texts.time.title} aside={texts.time.hint(stepName(span))} className={classes.chart}>
          <OutcomeChart bars={bars} span={span} />
          <OutcomeTable bars={bars} span={span} />
        </Panel>
        <div className={classes.side}>
          <Panel title={texts.attempts.title} aside={texts.attempts.hint}>
            <AttemptsChart histogram={analytics.attempts_histogram} />
          </Panel>
          <Panel title={texts.errors.title} aside={texts.errors.hint} flush>
            <ErrorTable classes={analytics.error_classes} flow={flow} period={period} />
          </Panel>
        </div>
      </div>
      {comparison}
      <Panel title={texts.flows.title} flush>
        <CountsTable
          title={texts.flows.title}
          head={texts.flows.name}
          rows={flowsOf(analytics)}
          leftOut={texts.flows.leftOut(analytics.flows_left_out)}
          period={period}
        />
      </Panel>
      {latency}
      <Panel title={texts.nodes.title} flush>
        <CountsTable
          title={texts.nodes.title}
          head={texts.nodes.name}
          rows={nodesOf(analytics)}
          leftOut={texts.nodes.leftOut(analytics.nodes_left_out)}
          period={period}
        />
      </Panel>
    </div>
  );
}

function flowsOf({ flows }: RetryAnalytics) {
  return flows.map((counts) => ({
    key: counts.flow_id,
    name: counts.flow_name ?? texts.flows.unnamed,
    detail: null,
    flow: counts.flow_id,
    counts,
  }));
}

function nodesOf({ flows, nodes }: RetryAnalytics) {
  const names = new Map(flows.map((flow) => [flow.flow_id, flow.flow_name ?? texts.flows.unnamed]));
  return nodes.map((counts) => ({
    key: `${counts.flow_id} ${counts.node_id}`,
    name: counts.node_id,
    detail: names.get(counts.flow_id) ?? null,
    flow: counts.flow_id,
    counts,
  }));
}
